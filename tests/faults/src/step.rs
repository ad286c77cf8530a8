//! The words of a script: what to do with a connection or a request.

use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use crate::certificates;
use crate::delivery::End;
use crate::tls::Cert;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Ok,
    Missing,
    Service,
    Reply(Reply),
    Raw(Vec<u8>),
    Body { status: u16, length: u64 },
    Endless { status: u16 },
    EndlessHead,
    Flood,
    Silent,
    Random { seed: u64 },

    Limit { bytes: u64, end: End, of: Box<Step> },
    Drip { pace: Duration, of: Box<Step> },
    Delay { time: Duration, then: Box<Step> },
    Hold(Box<Step>),
    Informational { count: u32, then: Box<Step> },
    Extra { bytes: Vec<u8>, of: Box<Step> },
    Stray(Stray, Box<Step>),
    Delete(Box<Step>),
    Last(Box<Step>),

    Accept(End),
    Cert(Cert),
}

/// What happens to a connection after an answer, whether or not another request comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stray {
    pub after: Duration,
    /// `None`: no answer is sent.
    pub status: Option<u16>,
    pub next: Next,
    pub says_close: bool,
    pub ends: bool,
}

/// What happens to a request that has arrived by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Unread,
    Read,
    /// Read, and its id deleted.
    Done,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    /// Name and value, as sent.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl Step {
    pub fn is_for_connections(&self) -> bool {
        matches!(self, Self::Accept(_) | Self::Cert(_))
    }

    fn limit(end: End, argument: &str, of: &str) -> Result<Self, String> {
        Ok(Self::Limit { bytes: number(argument)?, end, of: Box::new(request_step(of)?) })
    }
}

/// `request_step` and the steps for connections.
impl FromStr for Step {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word.split_once('=').unwrap_or((word, "")) {
            ("accept-reset", "") => Ok(Self::Accept(End::Reset)),
            ("accept-close", "") => Ok(Self::Accept(End::Cut)),
            ("accept-silent", "") => Ok(Self::Accept(End::Silence)),
            ("cert", cert) => Ok(Self::Cert(cert.parse()?)),
            _ => request_step(word),
        }
    }
}

fn request_step(word: &str) -> Result<Step, String> {
    // The argument may be left out only where it defaults to `ok`, for `hold` and after a colon; an empty one never parses.
    let (name, argument) = match word.find(['=', ':']) {
        Some(at) => (word.split_at(at).0, Some(word.split_at(at + 1).1)),
        None => (word, None),
    };
    if let Some(step) = bare_step(name) {
        return if argument.is_none() { Ok(step) } else { Err(format!("{name} takes no argument: {word}")) };
    }
    let argument = argument.unwrap_or(if name == "hold" { "ok" } else { "" });
    let (first, rest) = argument.split_once(':').unwrap_or((argument, "ok"));
    Ok(match name {
        "reply" => Step::Reply(argument.parse()?),
        "list" if argument.is_empty() => {
            let body = certificates::revocation_list().map_err(|error| error.to_string())?;
            Step::Reply(Reply { status: 200, fields: vec![], body })
        }
        "raw" => Step::Raw(decode(argument)),
        "body" => Step::Body { status: number(first)?, length: number(rest)? },
        "endless" => Step::Endless { status: number(argument)? },
        "random" => Step::Random { seed: number(argument)? },
        "cut" => Step::limit(End::Cut, argument, "ok")?,
        "reset" => Step::limit(End::Reset, argument, "ok")?,
        "cutof" => Step::limit(End::Cut, first, rest)?,
        "resetof" => Step::limit(End::Reset, first, rest)?,
        "stallof" => Step::limit(End::Silence, first, rest)?,
        "drip" => Step::Drip { pace: milliseconds(first)?, of: Box::new(request_step(rest)?) },
        "delay" => Step::Delay { time: milliseconds(first)?, then: Box::new(request_step(rest)?) },
        "hold" => Step::Hold(Box::new(request_step(argument)?)),
        "informational" => Step::Informational { count: number(first)?, then: Box::new(request_step(rest)?) },
        "extra" => Step::Extra { bytes: decode(first), of: Box::new(request_step(rest)?) },
        "stray" => Step::Stray(first.parse()?, Box::new(request_step(rest)?)),
        "stale" => Step::Stray(Stray::stale(number(first)?), Box::new(request_step(rest)?)),
        "delete" => Step::Delete(Box::new(request_step(argument)?)),
        "last" => Step::Last(Box::new(request_step(argument)?)),
        _ => return Err(format!("no such step: {word}")),
    })
}

fn bare_step(name: &str) -> Option<Step> {
    Some(match name {
        "ok" => Step::Ok,
        "missing" => Step::Missing,
        "service" => Step::Service,
        "endless-head" => Step::EndlessHead,
        "flood" => Step::Flood,
        "silent" => Step::Silent,
        _ => return None,
    })
}

impl Stray {
    pub fn stale(microseconds: u64) -> Self {
        let after = Duration::from_micros(microseconds);
        Self { after, status: None, next: Next::Unread, says_close: false, ends: true }
    }
}

/// `US,STATUS[,read|,done][,close|,fin]`
impl FromStr for Stray {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split(',');
        let mut stray = Self::stale(number(words.next().unwrap_or_default())?);
        stray.status = Some(number(words.next().unwrap_or_default())?);
        stray.ends = false;
        for word in words {
            match word {
                "read" => stray.next = Next::Read,
                "done" => stray.next = Next::Done,
                "close" => (stray.says_close, stray.ends) = (true, true),
                "fin" => stray.ends = true,
                _ => return Err(format!("a stray answer is US,STATUS[,read|,done][,close|,fin]: {text}")),
            }
        }
        Ok(stray)
    }
}

impl FromStr for Reply {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (head, body) = text.split_once(";;").unwrap_or((text, ""));
        let mut parts = head.split(';');
        let status = number(parts.next().unwrap_or_default())?;
        let fields = parts
            .map(|field| {
                let (name, value) = field.split_once(':').ok_or_else(|| format!("a field is NAME:VALUE: {field}"))?;
                Ok((decode(name), decode(value)))
            })
            .collect::<Result<_, String>>()?;
        Ok(Self { status, fields, body: decode(body) })
    }
}

pub fn decode(text: &str) -> Vec<u8> {
    percent_decode_str(text).collect()
}

pub fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("not a number that fits: {text:?}"))
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    number(text).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_nest() {
        let lost = Step::Limit { bytes: 0, end: End::Reset, of: Box::new(Step::Ok) };
        assert_eq!("delete:reset=0".parse(), Ok(Step::Delete(Box::new(lost.clone()))));
        let delay = Step::Delay { time: Duration::from_millis(5), then: Box::new(Step::Hold(Box::new(lost))) };
        assert_eq!("delay=5:hold:reset=0".parse(), Ok(delay));
        assert_eq!("drip=1".parse(), Ok(Step::Drip { pace: Duration::from_millis(1), of: Box::new(Step::Ok) }));
        assert_eq!("hold".parse(), Ok(Step::Hold(Box::new(Step::Ok))));
    }

    #[test]
    fn a_reply_keeps_colons_and_semicolons_that_are_encoded_or_in_the_body() {
        let Ok(Step::Reply(reply)) = "reply=302;Location:http://h:1/a%3Bb;X:y;;a:b;;c%20{id}".parse::<Step>() else {
            panic!("not a reply");
        };
        assert_eq!(reply.status, 302);
        assert_eq!(reply.fields, [(b"Location".to_vec(), b"http://h:1/a;b".to_vec()), (b"X".to_vec(), b"y".to_vec())]);
        assert_eq!(reply.body, b"a:b;;c {id}");
    }

    #[test]
    fn a_cut_reply_may_hold_any_separator() {
        let of = Box::new("reply=200;;a:b=c".parse().unwrap());
        assert_eq!("cutof=7:reply=200;;a:b=c".parse(), Ok(Step::Limit { bytes: 7, end: End::Cut, of }));
    }

    #[test]
    fn a_stray_answer_says_what_it_does_to_the_next_request() {
        let stray = |next, says_close, ends| Stray {
            after: Duration::from_micros(300),
            status: Some(400),
            next,
            says_close,
            ends,
        };
        for (word, wanted) in [
            ("stray=300,400", stray(Next::Unread, false, false)),
            ("stray=300,400,fin:ok", stray(Next::Unread, false, true)),
            ("stray=300,400,read,close:ok", stray(Next::Read, true, true)),
            ("stray=300,400,done,close", stray(Next::Done, true, true)),
            ("stale=300", Stray { status: None, ..stray(Next::Unread, false, true) }),
        ] {
            assert_eq!(word.parse(), Ok(Step::Stray(wanted, Box::new(Step::Ok))), "{word}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for word in [
            "",
            "okay",
            "ok=1",
            "ok:",
            "cut",
            "cut=",
            "cut=x",
            "cut=-1",
            "cutof=1:nope",
            "reply=",
            "reply=200;x",
            "reply=70000",
            "body=200",
            "delay=1:",
            "delete",
            "delete:accept-reset",
            "hold:cert=good",
            "cert=",
            "cert=bad",
            "accept-reset=1",
            "random=x",
            "last",
            "stray=1",
            "stray=1,400,never",
            "stray=1,:ok",
            "stale=x",
            "extra=x:",
        ] {
            assert!(word.parse::<Step>().is_err(), "{word}");
        }
    }
}
