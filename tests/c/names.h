/* This program resolves names itself: elsewhere.example and bücher.example are 127.0.0.1, mute.test gets no answer, others go to the system. */
#ifndef NAMES_H
#define NAMES_H

#define ELSEWHERE "elsewhere.example"
#define INTERNATIONAL "xn--bcher-kva.example"
#define MUTE "mute.test"

/* How many look-ups have begun, and a wait until that many have. */
int names_asked(void);
void names_wait(int asked);

/* Ends every look-up of mute.test that is under way (no such name), and returns when they are over. */
void names_give_up(void);

#endif
