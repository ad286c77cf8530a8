//! A seeded plan of what happens to the n-th request for an id.

use crate::delivery::End;
use std::time::Duration;

use crate::step::{Next, Reply, Step, Stray};

/// The same arguments give the same step, whatever the other requests do. `hidden` is the status behind which this id was
/// deleted: a service that has carried out a request does not refuse it with that same status afterwards, and a client
/// believes the second refusal.
pub fn plan(seed: u64, id: &[u8], nth: u64, hidden: Option<u16>) -> Step {
    let mut dice = Dice(id.iter().fold(seed ^ nth.rotate_left(32), |state, byte| {
        let mut dice = Dice(state ^ u64::from(*byte));
        dice.next()
    }));
    let step = match dice.below(100) {
        0..28 => Step::Service,
        28..31 => limited(u64::MAX, End::Cut, Step::Service),
        31..33 => Step::Informational { count: 2, then: Box::new(Step::Service) },
        33..37 => {
            let (status, step) = refusal(&mut dice);
            if hidden == Some(status) { Step::Service } else { step }
        }
        37..44 => too_many(&mut dice),
        fate => {
            let end = open(fate, &mut dice);
            if dice.below(2) == 0 { Step::Delete(Box::new(end)) } else { end }
        }
    };
    match dice.below(16) {
        0..4 => Step::Stray(stray(&mut dice), Box::new(step)),
        4 => Step::Extra { bytes: extra(&mut dice), of: Box::new(step) },
        _ => step,
    }
}

/// Not deleted, and not worth a retry.
fn refusal(dice: &mut Dice) -> (u16, Step) {
    match dice.below(6) {
        0 => (400, reply("400;;{\"message\":\"err.invalid\"}")),
        1 => (401, reply("401")),
        2 => (403, reply("403;;<html>no</html>")),
        3 => (404, reply("404")),
        4 => (409, reply("409;;{\"message\":\"err.conflict\"}")),
        // Cut off, so it does not say that the id does not exist.
        _ => {
            let answer = reply("400;content-length:300;;{\"message\":\"err.signature.request.not.exist\"");
            (400, limited(u64::MAX, End::Cut, answer))
        }
    }
}

/// What the next request of the connection can meet. It is deleted only behind an answer that says `close`: without that, no
/// client can tell the answer from the answer to its own request.
fn stray(dice: &mut Dice) -> Stray {
    const STATUSES: [u16; 8] = [400, 401, 403, 404, 408, 413, 421, 431];
    let microseconds = dice.below(600);
    let status = STATUSES.into_iter().cycle().nth(usize::try_from(dice.below(8)).unwrap_or(0));
    let (next, says_close, ends) = match dice.below(10) {
        0..5 => (Next::Done, true, true),
        5 => (Next::Read, true, true),
        6 => (Next::Unread, true, true),
        7 => (Next::Unread, false, true),
        8 => (Next::Read, false, false),
        _ => return Stray::stale(microseconds),
    };
    Stray { after: Duration::from_micros(microseconds), status, next, says_close, ends }
}

/// Bytes after an answer, which no request asked for.
fn extra(dice: &mut Dice) -> Vec<u8> {
    let text = match dice.below(4) {
        0 => "\r\n",
        1 => "this is not HTTP\r\n\r\n",
        2 => "HTTP/1.1 200 OK\r\ncontent-length: 44\r\n\r\n{\"message\":\"msg.deleted\",\"result\":\"another\"}",
        // No refusal in this plan has the same status.
        _ => "HTTP/1.1 431 Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
    };
    text.as_bytes().to_vec()
}

fn too_many(dice: &mut Dice) -> Step {
    match dice.below(3) {
        0 => reply("429"),
        1 => reply("429;retry-after:0"),
        _ => reply("429;retry-after:1"),
    }
}

/// From these, nobody can tell whether it was deleted.
fn open(fate: u64, dice: &mut Dice) -> Step {
    let lost = if dice.below(2) == 0 { End::Cut } else { End::Reset };
    match fate {
        44..58 => limited(0, lost, Step::Ok),
        // Inside the status line or the first field: no answer.
        58..66 => limited(1 + dice.below(30), lost, Step::Ok),
        66..72 => {
            limited(u64::MAX, lost, reply("200;content-length:400;;{\"message\":\"msg.deleted\",\"result\":\"{id}"))
        }
        72..77 => reply("408"),
        77..83 => reply("503;retry-after:0"),
        83..86 => reply("500;;{\"message\":\"err.internal\"}"),
        86..89 => reply("502;;<html>bad gateway</html>"),
        89..91 => reply("504"),
        91 => Step::Raw(b"this is not HTTP\r\n\r\n".to_vec()),
        92 => reply("200;content-length:1;content-length:2;;{}"),
        93 => reply("499"),
        94 => reply("302;location:/elsewhere"),
        95 => reply("204"),
        96 => reply("200;;{\"message\":\"msg.deleted\",\"result\":\"another\"}"),
        97 => Step::Body { status: 200, length: 100_000 },
        98 => reply("503;retry-after:1"),
        _ => Step::Silent,
    }
}

fn limited(bytes: u64, end: End, of: Step) -> Step {
    Step::Limit { bytes, end, of: Box::new(of) }
}

fn reply(text: &str) -> Step {
    // The steps above are constant, and a test parses them all.
    text.parse::<Reply>().map_or(Step::Silent, Step::Reply)
}

/// `SplitMix64`.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn many() -> impl Iterator<Item = Step> {
        (0..20_000_u64).map(|id| plan(7, id.to_string().as_bytes(), id % 3, None))
    }

    #[test]
    fn the_same_seed_gives_the_same_plan_and_another_seed_another() {
        assert!(many().eq(many()));
        assert!((0..50_u64).any(|id| plan(7, &id.to_le_bytes(), 0, None) != plan(8, &id.to_le_bytes(), 0, None)));
        assert!((0..50_u64).any(|id| plan(7, &id.to_le_bytes(), 0, None) != plan(7, &id.to_le_bytes(), 1, None)));
    }

    /// The step without what comes after its answer.
    fn answer(step: Step) -> Step {
        match step {
            Step::Stray(_, then) => *then,
            Step::Extra { of, .. } => *of,
            step => step,
        }
    }

    fn answers() -> impl Iterator<Item = Step> {
        many().map(answer)
    }

    #[test]
    fn a_deletion_is_never_hidden_behind_a_refusal() {
        for step in answers() {
            if let Step::Delete(then) = step
                && let Step::Reply(reply) = *then
            {
                assert!(!(400..500).contains(&reply.status) || [408, 499].contains(&reply.status), "{reply:?}");
            }
        }
    }

    #[test]
    fn a_deletion_is_never_hidden_behind_a_stray_answer_that_no_client_can_tell() {
        let mut kinds = HashMap::new();
        for step in many() {
            if let Step::Stray(stray, _) = step {
                assert!(stray.next != Next::Done || (stray.says_close && stray.ends), "{stray:?}");
                *kinds.entry((stray.next as u8, stray.says_close, stray.ends, stray.status)).or_insert(0) += 1;
            }
        }
        // Five kinds with each of eight statuses, and the stale connections.
        assert_eq!(kinds.len(), 41, "{kinds:#?}");
    }

    #[test]
    fn what_was_done_is_not_refused_afterwards_with_the_same_status() {
        let mut changed = 0;
        for id in 0..20_000_u64 {
            let step = |hidden| answer(plan(7, id.to_string().as_bytes(), 1, hidden));
            for status in [400, 401, 403] {
                let (free, bound) = (step(None), step(Some(status)));
                changed += u32::from(free != bound);
                let refused = matches!(&bound, Step::Reply(reply) if reply.status == status);
                assert!(!refused, "{bound:?}");
            }
        }
        assert!(changed > 100, "{changed}");
    }

    #[test]
    fn every_kind_of_end_comes_up_and_silence_stays_rare() {
        let mut kinds = HashMap::new();
        let mut silent = 0;
        for step in answers() {
            let step = if let Step::Delete(then) = step { *then } else { step };
            silent += u32::from(step == Step::Silent);
            let kind = match step {
                Step::Reply(reply) => format!("{}", reply.status),
                Step::Limit { end, of, bytes } => format!("{end:?} {} {of:?}", bytes.min(1)),
                step => format!("{step:?}"),
            };
            *kinds.entry(kind).or_insert(0) += 1;
        }
        assert_eq!(kinds.len(), 28, "{kinds:#?}");
        assert!((100..300).contains(&silent), "{silent}");
    }
}
