//! One connection: reads requests and carries out the script.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use percent_encoding::percent_decode;

use crate::answer::{Answer, informational};
use crate::delivery::{Delivery, End};
use crate::listener::{Listener, Script};
use crate::proxy;
use crate::random;
use crate::socks;
use crate::step::{Next, Step, Stray};
use crate::stream::Stream;
use crate::tls::{self, Cert, Greeted};

const LONGEST_HEAD: usize = 1 << 20;

/// Returns how to end the connection.
pub fn run(tcp: TcpStream, greeting: Cert, at_once: Option<End>, listener: &Arc<Listener>) -> (Stream, End) {
    // If it fails, there is at worst a small delay.
    let _ = tcp.set_nodelay(true);
    let (mut stream, end) = match at_once {
        Some(end) => (Stream::Plain(tcp), end),
        None => match tls::greet(tcp, greeting) {
            Greeted::Over(stream, end) => (stream, end),
            Greeted::Ready(mut stream) => {
                // An error means that the client hung up, or `stop`.
                let end = serve(&mut stream, listener).unwrap_or(End::Cut);
                (stream, end)
            }
        },
    };
    if end == End::Silence {
        let _ = io::copy(&mut stream, &mut io::sink());
    }
    (stream, end)
}

fn serve(stream: &mut Stream, listener: &Arc<Listener>) -> io::Result<End> {
    if let Script::Socks(steps) = &listener.script {
        return socks::serve(stream, steps, listener);
    }
    let mut unread = Vec::new();
    loop {
        let head = match read_head(stream, &mut unread)? {
            Head::Whole(head) => head,
            Head::NotHttp => {
                stream.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")?;
                return Ok(End::Close);
            }
            Head::Gone => return Ok(End::Close),
        };
        let end = match &listener.script {
            Script::Socks(_) => return Ok(End::Cut),
            Script::Proxy(steps) => {
                let Some(step) = listener.request(&head, steps, |_| true) else { return Ok(End::Cut) };
                proxy::answer(step, &head, stream)?
            }
            Script::Server(steps) => {
                let step = listener.request(&head, steps, |step| !step.is_for_connections());
                let Some(step) = step else { return Ok(End::Cut) };
                perform(step, &requested_id(&head), stream, &mut unread, listener)?
            }
        };
        if end != End::KeepAlive {
            return Ok(end);
        }
    }
}

enum Head {
    Whole(Vec<u8>),
    NotHttp,
    Gone,
}

fn read_head(stream: &mut Stream, unread: &mut Vec<u8>) -> io::Result<Head> {
    let mut buffer = [0; 8192];
    loop {
        if let Some(end) = unread.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = unread.split_off(end + 4);
            return Ok(Head::Whole(std::mem::replace(unread, rest)));
        }
        if unread.first().is_some_and(|byte| !byte.is_ascii_uppercase()) || unread.len() > LONGEST_HEAD {
            return Ok(Head::NotHttp);
        }
        match stream.read(&mut buffer)? {
            0 => return Ok(Head::Gone),
            length => unread.extend(buffer.iter().take(length)),
        }
    }
}

/// The last segment of the path.
fn requested_id(head: &[u8]) -> Vec<u8> {
    let target = head.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    let path = target.split(|byte| *byte == b'?').next().unwrap_or_default();
    percent_decode(path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()).collect()
}

fn perform(step: &Step, id: &[u8], stream: &mut Stream, unread: &mut Vec<u8>, listener: &Listener) -> io::Result<End> {
    let mut delivery = Delivery::default();
    let mut stray = None;
    let mut planned;
    let mut step = step;
    let answer = loop {
        step = match step {
            Step::Random { seed } => {
                let mut ledger = listener.ledger();
                let nth = ledger.service.ask(id);
                planned = random::plan(*seed, id, nth, ledger.service.hidden(id));
                &planned
            }
            Step::Delay { time, then } => {
                listener.pause(*time)?;
                then
            }
            Step::Hold(then) => {
                listener.wait(|ledger| ledger.released)?;
                then
            }
            Step::Delete(then) => {
                listener.ledger().service.delete(id);
                then
            }
            Step::Last(then) => {
                listener.refuse();
                then
            }
            Step::Stray(after, then) => {
                stray.get_or_insert(*after);
                then
            }
            Step::Silent => return Ok(End::Silence),
            Step::Service => {
                let deleted = listener.ledger().service.delete(id);
                break if deleted { Answer::ok(id) } else { Answer::missing(id) };
            }
            around => match shape(around, id, &mut delivery) {
                Shaped::Inside(of) => of,
                Shaped::Answer(answer) => break answer,
                Shaped::Nothing => return Ok(End::Cut),
            },
        };
    };
    match (delivery.send(&answer, stream, listener)?, stray) {
        (End::KeepAlive, Some(stray)) => go_astray(&stray, stream, unread, listener),
        (end, _) => Ok(end),
    }
}

fn go_astray(stray: &Stray, stream: &mut Stream, unread: &mut Vec<u8>, listener: &Listener) -> io::Result<End> {
    listener.pause(stray.after)?;
    let mut met = false;
    if stray.next != Next::Unread
        && let Some(head) = arrived(stream, unread)?
    {
        met = true;
        listener.note(&head);
        if let (Next::Done, Some(status)) = (stray.next, stray.status) {
            listener.ledger().service.delete_behind(&requested_id(&head), status);
        }
    }
    let Some(status) = stray.status else { return Ok(End::Close) };
    stream.write_all(&Answer::stray(status, stray.says_close).bytes)?;
    stream.flush()?;
    if stray.ends {
        return Ok(End::Close);
    }
    if !met {
        // A client that sends a request now has not seen that answer, and will take it for the answer to this request.
        let Head::Whole(head) = read_head(stream, unread)? else { return Ok(End::Close) };
        listener.note(&head);
    }
    Ok(End::KeepAlive)
}

/// The next request, if all of it has arrived.
fn arrived(stream: &mut Stream, unread: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
    stream.set_nonblocking(true)?;
    let head = read_head(stream, unread);
    stream.set_nonblocking(false)?;
    match head {
        Ok(Head::Whole(head)) => Ok(Some(head)),
        Ok(Head::NotHttp | Head::Gone) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

enum Shaped<'a> {
    Inside(&'a Step),
    Answer(Answer),
    /// A step that has no bytes.
    Nothing,
}

/// The steps that need nothing but the id.
fn shape<'a>(step: &'a Step, id: &[u8], delivery: &mut Delivery) -> Shaped<'a> {
    Shaped::Answer(match step {
        Step::Limit { bytes, end, of } => {
            delivery.limit.get_or_insert((*bytes, *end));
            return Shaped::Inside(of);
        }
        Step::Drip { pace, of } => {
            delivery.pace = Some(*pace);
            return Shaped::Inside(of);
        }
        Step::Informational { count, then } => {
            delivery.before.extend(informational(*count));
            return Shaped::Inside(then);
        }
        Step::Extra { bytes, of } => {
            delivery.behind.extend(bytes);
            return Shaped::Inside(of);
        }
        Step::Ok => Answer::ok(id),
        Step::Missing => Answer::missing(id),
        Step::Reply(reply) => Answer::reply(reply, id),
        Step::Raw(bytes) => Answer::raw(bytes, id),
        Step::Body { status, length } => Answer::body(*status, *length),
        Step::Endless { status } => Answer::endless(*status),
        Step::EndlessHead => Answer::endless_head(),
        Step::Flood => Answer::flood(),
        _ => return Shaped::Nothing,
    })
}

/// Bytes of the head and of the whole answer; `None` for a step whose answer is not known beforehand, or never ends.
pub fn length(step: &Step, id: &[u8]) -> Option<(u64, u64)> {
    let mut delivery = Delivery::default();
    let mut step = step;
    loop {
        step = match step {
            Step::Delay { then, .. }
            | Step::Hold(then)
            | Step::Delete(then)
            | Step::Last(then)
            | Step::Stray(_, then) => then,
            around => match shape(around, id, &mut delivery) {
                Shaped::Inside(of) => of,
                Shaped::Answer(answer) => {
                    let tail = answer.tail.map_or(Some(0), |tail| tail.length)?;
                    let before = delivery.before.len() as u64;
                    return Some((before + answer.head as u64, before + answer.bytes.len() as u64 + tail));
                }
                Shaped::Nothing => return None,
            },
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_the_last_segment_decoded() {
        assert_eq!(requested_id(b"DELETE /p/JSON/signatureRequest/a%2Fb%20c?x=/y HTTP/1.1\r\n\r\n"), b"a/b c");
        assert_eq!(requested_id(b"NONSENSE\r\n\r\n"), b"");
    }
}
