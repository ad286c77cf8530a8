//! An HTTP CONNECT proxy.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::thread;

use rustls::ServerConnection;

use crate::answer::status_line;
use crate::delivery::End;
use crate::step::{decode, number};
use crate::stream::Stream;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyStep {
    Tunnel(u16),
    Refuse(u16),
    End(End),
    Raw(Vec<u8>),
}

impl FromStr for ProxyStep {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Ok(match word.split_once('=').unwrap_or((word, "")) {
            ("tunnel", port) => Self::Tunnel(number(port)?),
            ("raw", bytes) => Self::Raw(decode(bytes)),
            ("hangup", "") => Self::End(End::Cut),
            ("reset", "") => Self::End(End::Reset),
            ("silent", "") => Self::End(End::Silence),
            (status, "") => Self::Refuse(number(status)?),
            _ => return Err(format!("no such proxy step: {word}")),
        })
    }
}

pub fn answer(step: &ProxyStep, head: &[u8], stream: &mut Stream) -> io::Result<End> {
    match step {
        ProxyStep::Tunnel(port) if head.starts_with(b"CONNECT ") => {
            let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, *port)) else { return refuse(502, stream) };
            server.set_nodelay(true)?;
            stream.write_all(format!("{}\r\n", status_line(200)).as_bytes())?;
            stream.flush()?;
            match stream {
                Stream::Plain(client) => tunnel(client, &server),
                Stream::Tls(client) => tls_tunnel(&mut client.conn, &client.sock, &server),
            }
            Ok(End::Close)
        }
        ProxyStep::Tunnel(_) => refuse(405, stream),
        ProxyStep::Refuse(status) => refuse(*status, stream),
        ProxyStep::End(end) => Ok(*end),
        ProxyStep::Raw(bytes) => {
            stream.write_all(bytes)?;
            stream.flush()?;
            Ok(End::Close)
        }
    }
}

fn refuse(status: u16, stream: &mut Stream) -> io::Result<End> {
    let asks = if status == 407 { "proxy-authenticate: Basic realm=\"okdok\"\r\n" } else { "" };
    stream
        .write_all(format!("{}{asks}content-length: 0\r\nconnection: close\r\n\r\n", status_line(status)).as_bytes())?;
    stream.flush()?;
    Ok(End::Close)
}

/// Copies both ways until both sides have closed; an error on one side ends both.
pub fn tunnel(client: &TcpStream, server: &TcpStream) {
    thread::scope(|scope| {
        scope.spawn(|| pass(client, server));
        pass(server, client);
    });
}

fn pass(mut from: &TcpStream, mut to: &TcpStream) {
    match io::copy(&mut from, &mut to) {
        Ok(_) => drop(to.shutdown(Shutdown::Write)),
        Err(_) => end_both(from, to),
    }
}

/// The lock is held only for the records, never while reading from the network.
fn tls_tunnel(tls: &mut ServerConnection, client: &TcpStream, server: &TcpStream) {
    let tls = Mutex::new(tls);
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = decrypt(&tls, client, server);
            end_both(client, server);
        });
        let _ = encrypt(&tls, server, client);
        end_both(client, server);
    });
}

fn decrypt(tls: &Mutex<&mut ServerConnection>, mut client: &TcpStream, mut server: &TcpStream) -> io::Result<()> {
    let mut buffer = [0; 16_384];
    loop {
        let mut plain = Vec::new();
        let length = client.read(&mut buffer)?;
        let mut records = buffer.split_at(length).0;
        {
            let mut tls = tls.lock().unwrap_or_else(PoisonError::into_inner);
            while !records.is_empty() {
                tls.read_tls(&mut records)?;
                tls.process_new_packets().map_err(io::Error::other)?;
                // It ends with WouldBlock when everything was read.
                let _ = tls.reader().read_to_end(&mut plain);
            }
        }
        if length == 0 {
            return Ok(());
        }
        server.write_all(&plain)?;
    }
}

fn encrypt(tls: &Mutex<&mut ServerConnection>, mut server: &TcpStream, mut client: &TcpStream) -> io::Result<()> {
    let mut buffer = [0; 16_384];
    loop {
        let length = server.read(&mut buffer)?;
        let mut records = Vec::new();
        {
            let mut tls = tls.lock().unwrap_or_else(PoisonError::into_inner);
            if length == 0 {
                tls.send_close_notify();
            }
            tls.writer().write_all(buffer.split_at(length).0)?;
            while tls.wants_write() {
                tls.write_tls(&mut records)?;
            }
        }
        client.write_all(&records)?;
        if length == 0 {
            return Ok(());
        }
    }
}

fn end_both(one: &TcpStream, other: &TcpStream) {
    // Fails if it is already closed.
    let _ = one.shutdown(Shutdown::Both);
    let _ = other.shutdown(Shutdown::Both);
}
