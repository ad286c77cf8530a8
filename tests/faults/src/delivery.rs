//! How an answer gets to the client: whole, cut short, or a byte at a time.

use std::io::{self, Write};
use std::time::Duration;

use crate::answer::Answer;
use crate::listener::Listener;
use crate::stream::Stream;

/// How a connection goes on or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    KeepAlive,
    /// An orderly close, over TLS with a `close_notify`.
    Close,
    /// FIN only.
    Cut,
    Reset,
    /// Sends nothing more, but reads on.
    Silence,
}

#[derive(Default)]
pub struct Delivery {
    pub before: Vec<u8>,
    /// Sent after the answer, in the same packet if it has no tail.
    pub behind: Vec<u8>,
    pub limit: Option<(u64, End)>,
    pub pace: Option<Duration>,
}

impl Delivery {
    pub fn send(mut self, answer: &Answer, stream: &mut Stream, listener: &Listener) -> io::Result<End> {
        let mut bytes = std::mem::take(&mut self.before);
        let mut behind = std::mem::take(&mut self.behind);
        bytes.extend(&answer.bytes);
        if answer.tail.is_none() {
            bytes.append(&mut behind);
        }
        self.write(&bytes, stream, listener)?;
        if let Some(tail) = &answer.tail {
            let mut left = tail.length.unwrap_or(u64::MAX);
            while left > 0 && self.limit.is_none_or(|(bytes, _)| bytes > 0) {
                let part = first(&tail.pattern, left);
                self.write(part, stream, listener)?;
                if tail.length.is_some() {
                    left -= part.len() as u64;
                }
            }
        }
        self.write(&behind, stream, listener)?;
        Ok(match self.limit {
            Some((_, end)) => end,
            None if answer.closes => End::Close,
            None => End::KeepAlive,
        })
    }

    fn write(&mut self, bytes: &[u8], stream: &mut Stream, listener: &Listener) -> io::Result<()> {
        let mut bytes = bytes;
        if let Some((left, _)) = &mut self.limit {
            bytes = first(bytes, *left);
            *left -= bytes.len() as u64;
        }
        match self.pace {
            None => stream.write_all(bytes)?,
            Some(pace) => {
                for byte in bytes.chunks(1) {
                    stream.write_all(byte)?;
                    listener.pause(pace)?;
                }
            }
        }
        stream.flush()
    }
}

fn first(bytes: &[u8], limit: u64) -> &[u8] {
    let length = usize::try_from(limit).unwrap_or(usize::MAX).min(bytes.len());
    bytes.split_at(length).0
}
