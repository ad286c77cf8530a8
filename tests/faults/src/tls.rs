//! How a connection starts: with a TLS handshake, a broken one, or none.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::str::FromStr;

use rustls::{ServerConnection, StreamOwned};

use crate::certificates;
use crate::delivery::End;
use crate::step::number;
use crate::stream::Stream;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cert {
    Good,
    Expired,
    Future,
    WrongHost,
    WrongUsage,
    SelfSigned,
    Rotated,
    /// May name a revocation list on this port.
    Incomplete(Option<u16>),
    Chain,
    Authority,
    Directory,
    Critical,
    Tls12,
    Tls13,
    ClientAuth12,
    ClientAuth13,
    Tls11,
    HangUp,
    Mute,
    Plain,
    /// Good, and names a responder on this port that says whether it was revoked.
    Responder(u16),
    /// A good handshake that ends after this many of the server's bytes.
    Broken {
        bytes: usize,
        end: End,
    },
}

impl FromStr for Cert {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Ok(match word.split_once('=').unwrap_or((word, "")) {
            ("good", "") => Self::Good,
            ("expired", "") => Self::Expired,
            ("future", "") => Self::Future,
            ("wronghost", "") => Self::WrongHost,
            ("wrongusage", "") => Self::WrongUsage,
            ("selfsigned", "") => Self::SelfSigned,
            ("rotated", "") => Self::Rotated,
            ("incomplete", "") => Self::Incomplete(None),
            ("incomplete", port) => Self::Incomplete(Some(number(port)?)),
            ("chain", "") => Self::Chain,
            ("authority", "") => Self::Authority,
            ("directory", "") => Self::Directory,
            ("critical", "") => Self::Critical,
            ("tls12", "") => Self::Tls12,
            ("tls13", "") => Self::Tls13,
            ("clientauth12", "") => Self::ClientAuth12,
            ("clientauth13", "") => Self::ClientAuth13,
            ("tls11", "") => Self::Tls11,
            ("hangup", "") => Self::HangUp,
            ("mute", "") => Self::Mute,
            ("plain", "") => Self::Plain,
            ("responder", port) => Self::Responder(number(port)?),
            ("close", bytes) => Self::Broken { bytes: number(bytes)?, end: End::Close },
            ("cut", bytes) => Self::Broken { bytes: number(bytes)?, end: End::Cut },
            ("reset", bytes) => Self::Broken { bytes: number(bytes)?, end: End::Reset },
            ("stall", bytes) => Self::Broken { bytes: number(bytes)?, end: End::Silence },
            _ => return Err(format!("no such certificate: {word}")),
        })
    }
}

pub enum Greeted {
    Ready(Stream),
    Over(Stream, End),
}

pub fn greet(mut tcp: TcpStream, cert: Cert) -> Greeted {
    let (limit, after) = match cert {
        Cert::Plain => return Greeted::Ready(Stream::Plain(tcp)),
        Cert::Mute => return Greeted::Over(Stream::Plain(tcp), End::Silence),
        Cert::HangUp | Cert::Tls11 => {
            let end = answer_client_hello(&mut tcp, cert == Cert::Tls11).unwrap_or(End::Cut);
            return Greeted::Over(Stream::Plain(tcp), end);
        }
        Cert::Broken { bytes, end } => (bytes, end),
        _ => (usize::MAX, End::Cut),
    };
    let Ok(Ok(mut tls)) = certificates::config(cert).map(ServerConnection::new) else {
        return Greeted::Over(Stream::Plain(tcp), End::Cut);
    };
    match handshake(&mut tls, &mut tcp, limit) {
        Ok(true) => Greeted::Ready(Stream::Tls(Box::new(StreamOwned::new(tls, tcp)))),
        Ok(false) if after != End::Cut => Greeted::Over(Stream::Plain(tcp), after),
        // The client may still be sending: closing with unread bytes would send an RST, and the client might not see our alert.
        Ok(false) | Err(_) => {
            let _ = tcp.shutdown(Shutdown::Write);
            Greeted::Over(Stream::Plain(tcp), End::Silence)
        }
    }
}

/// True if done, false if the limit was reached. A handshake with a limit is never done.
fn handshake(tls: &mut ServerConnection, tcp: &mut TcpStream, limit: usize) -> io::Result<bool> {
    let mut left = limit;
    // Even a server that says nothing reads the client's hello first.
    let mut heard = false;
    loop {
        let mut outgoing = Vec::new();
        while tls.wants_write() {
            tls.write_tls(&mut outgoing)?;
        }
        let allowed = outgoing.len().min(left);
        tcp.write_all(outgoing.split_at(allowed).0)?;
        left -= allowed;
        if left == 0 && heard {
            return Ok(false);
        }
        if !tls.is_handshaking() {
            return Ok(limit == usize::MAX);
        }
        heard = true;
        if tls.read_tls(tcp)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Err(error) = tls.process_new_packets() {
            // Sends the alert that says why; only the handshake's error counts.
            let _ = tls.write_tls(tcp);
            return Err(io::Error::other(error));
        }
    }
}

/// Written by hand, since rustls does not support such an old version.
fn answer_client_hello(tcp: &mut TcpStream, with_tls11: bool) -> io::Result<End> {
    let mut header = [0; 5];
    tcp.read_exact(&mut header)?;
    let [_, _, _, high, low] = header;
    io::copy(&mut Read::by_ref(tcp).take(u16::from_be_bytes([high, low]).into()), &mut io::sink())?;
    if !with_tls11 {
        return Ok(End::Cut);
    }
    let mut hello = vec![0x03, 0x02];
    hello.extend([0x5a; 32]);
    // No session, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, no compression.
    hello.extend([0x00, 0xc0, 0x13, 0x00]);
    let length = u8::try_from(hello.len()).map_err(io::Error::other)?;
    tcp.write_all(&[0x16, 0x03, 0x02, 0x00, length + 4, 0x02, 0x00, 0x00, length])?;
    tcp.write_all(&hello)?;
    Ok(End::Silence)
}
