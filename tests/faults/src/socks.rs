//! A SOCKS5 proxy (RFC 1928, RFC 1929).

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpStream};
use std::str::FromStr;

use crate::delivery::End;
use crate::listener::Listener;
use crate::proxy;
use crate::step::number;
use crate::stream::Stream;

const NO_LOGIN: u8 = 0;
const PASSWORD: u8 = 2;
const NO_METHOD: u8 = 0xff;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocksStep {
    Tunnel(u16),
    Login(u16),
    Refuse(u8),
    NoMethod,
    BadLogin,
    /// After the greeting.
    End(End),
    /// After the request.
    EndLate(End),
}

impl FromStr for SocksStep {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Ok(match word.split_once('=').unwrap_or((word, "")) {
            ("tunnel", port) => Self::Tunnel(number(port)?),
            ("login", port) => Self::Login(number(port)?),
            ("refuse", code) => Self::Refuse(number(code)?),
            ("nomethod", "") => Self::NoMethod,
            ("badlogin", "") => Self::BadLogin,
            ("hangup", "") => Self::End(End::Cut),
            ("reset", "") => Self::End(End::Reset),
            ("silent", "") => Self::End(End::Silence),
            ("hangup", "late") => Self::EndLate(End::Cut),
            ("reset", "late") => Self::EndLate(End::Reset),
            ("silent", "late") => Self::EndLate(End::Silence),
            _ => return Err(format!("no such SOCKS step: {word}")),
        })
    }
}

pub fn serve(stream: &mut Stream, steps: &[SocksStep], listener: &Listener) -> io::Result<End> {
    let [version, count] = take(stream)?;
    let methods = take_many(stream, count)?;
    let Some(step) = listener.ledger().step(steps, |_| true) else { return Ok(End::Cut) };
    if let SocksStep::End(end) = step {
        return Ok(*end);
    }
    let wanted = if matches!(step, SocksStep::Login(_) | SocksStep::BadLogin) { PASSWORD } else { NO_LOGIN };
    // A client with a login may offer nothing else.
    let method = if methods.contains(&wanted) { wanted } else { PASSWORD };
    if version != 5 || !methods.contains(&method) || *step == SocksStep::NoMethod {
        stream.write_all(&[5, NO_METHOD])?;
        return Ok(End::Close);
    }
    stream.write_all(&[5, method])?;
    let mut login = Vec::new();
    if method == PASSWORD {
        let [_, length] = take(stream)?;
        login.extend(take_many(stream, length)?);
        login.push(b':');
        let [length] = take(stream)?;
        login.extend(take_many(stream, length)?);
        login.push(b'@');
        let bad = *step == SocksStep::BadLogin;
        stream.write_all(&[1, u8::from(bad)])?;
        if bad {
            return Ok(End::Close);
        }
    }
    let [_, command, _, kind] = take(stream)?;
    let host = match kind {
        1 => Ipv4Addr::from(take(stream)?).to_string().into_bytes(),
        4 => Ipv6Addr::from(take::<16>(stream)?).to_string().into_bytes(),
        _ => {
            let [length] = take(stream)?;
            take_many(stream, length)?
        }
    };
    let port = u16::from_be_bytes(take(stream)?);
    listener.note(&[&login, &host, format!(":{port}").as_bytes()].concat());
    let target = match step {
        SocksStep::Tunnel(port) | SocksStep::Login(port) if command == 1 => *port,
        SocksStep::Refuse(code) => return reply(stream, *code),
        SocksStep::EndLate(end) => return Ok(*end),
        _ => return reply(stream, 7),
    };
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)) else { return reply(stream, 5) };
    server.set_nodelay(true)?;
    reply(stream, 0)?;
    if let Stream::Plain(client) = stream {
        proxy::tunnel(client, &server);
    }
    Ok(End::Close)
}

fn reply(stream: &mut Stream, code: u8) -> io::Result<End> {
    stream.write_all(&[5, code, 0, 1, 0, 0, 0, 0, 0, 0])?;
    Ok(End::Close)
}

fn take<const LENGTH: usize>(stream: &mut Stream) -> io::Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn take_many(stream: &mut Stream, length: u8) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length.into()];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}
