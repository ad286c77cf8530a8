//! The control port: one line per command, one line per answer.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use socket2::{Domain, Socket, Type};

use crate::certificates;
use crate::connection;
use crate::listener::{Listener, Script};
use crate::stall;
use crate::step::{Step, decode, number};
use crate::tls::Cert;

const FREE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

#[derive(Default)]
struct Port {
    listener: Option<Arc<Listener>>,
    /// Reserved and stalled ports; only held, never read.
    sockets: Vec<Socket>,
}

#[derive(Default)]
struct Ports(Mutex<HashMap<u16, Port>>);

pub fn run(listener: &TcpListener) {
    let ports = Arc::new(Ports::default());
    for stream in listener.incoming().flatten() {
        let ports = Arc::clone(&ports);
        thread::spawn(move || {
            // An error means that the test hung up.
            let _ = converse(&stream, &ports);
        });
    }
}

fn converse(mut stream: &TcpStream, ports: &Ports) -> io::Result<()> {
    stream.set_nodelay(true)?;
    for line in BufReader::new(stream).lines() {
        let answer = ports.command(&line?).unwrap_or_else(|error| format!("error {error}"));
        stream.write_all(format!("{answer}\n").as_bytes())?;
    }
    Ok(())
}

impl Ports {
    fn command(&self, line: &str) -> Result<String, String> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        match *words.as_slice() {
            ["serve", ref steps @ ..] => self.listen(FREE, Cert::Plain, Script::Server(parse_all(steps)?)),
            ["serve6", port, ref steps @ ..] => {
                let address = SocketAddr::from((Ipv6Addr::LOCALHOST, number(port)?));
                self.listen(address, Cert::Plain, Script::Server(parse_all(steps)?))
            }
            ["tls", cert, ref steps @ ..] => self.listen(FREE, cert.parse()?, Script::Server(parse_all(steps)?)),
            ["proxy", ref steps @ ..] => self.listen(FREE, Cert::Plain, Script::Proxy(parse_all(steps)?)),
            ["tlsproxy", cert, ref steps @ ..] => self.listen(FREE, cert.parse()?, Script::Proxy(parse_all(steps)?)),
            ["socks", ref steps @ ..] => self.listen(FREE, Cert::Plain, Script::Socks(parse_all(steps)?)),
            ["stall"] => self.hold(stall::stalled(FREE)),
            ["closed"] => self.hold(reserved()),
            ["ca", cert] => match certificates::trust(cert.parse()?) {
                Ok(path) => Ok(format!("path {}", path.display())),
                Err(error) => Err(error.to_string()),
            },
            ["seen", port] => {
                let listener = self.listener(port)?;
                let ledger = listener.ledger();
                Ok(format!("connections {} requests {}", ledger.connections, ledger.requests.len()))
            }
            ["request", port, index] => {
                let listener = self.listener(port)?;
                let index = number::<usize>(index)?.checked_sub(1).ok_or("requests count from 1")?;
                let ledger = listener.ledger();
                Ok(ledger.requests.get(index).map_or("hex".into(), |head| format!("hex {}", hex(head))))
            }
            ["wait", port, count] => {
                let count: usize = number(count)?;
                done(self.listener(port)?.wait(|ledger| ledger.requests.len() >= count))
            }
            ["waitconn", port, count] => {
                let count = number(count)?;
                done(self.listener(port)?.wait(|ledger| ledger.connections >= count))
            }
            ["waitgone", port, count] => {
                let count = number(count)?;
                done(self.listener(port)?.wait(|ledger| ledger.gone >= count))
            }
            ["release", port] => {
                self.listener(port)?.release();
                Ok("ok".into())
            }
            ["deleted", port, id] => {
                let deleted = self.listener(port)?.ledger().service.has_deleted(&decode(id));
                Ok(if deleted { "yes" } else { "no" }.into())
            }
            ["length", step, id] => {
                let (head, total) =
                    connection::length(&step.parse()?, &decode(id)).ok_or("its length is not known beforehand")?;
                Ok(format!("length {head} {total}"))
            }
            ["stop", port] => {
                let port = self.ports().remove(&number(port)?).ok_or_else(|| no_such(port))?;
                if let Some(listener) = port.listener {
                    listener.stop();
                }
                Ok("ok".into())
            }
            _ => Err(format!("no such command: {line}")),
        }
    }

    fn listen(&self, address: SocketAddr, cert: Cert, script: Script) -> Result<String, String> {
        let empty = match &script {
            Script::Server(steps) => steps.is_empty(),
            Script::Proxy(steps) => steps.is_empty(),
            Script::Socks(steps) => steps.is_empty(),
        };
        if empty {
            return Err("no steps".into());
        }
        let mut certs = vec![cert];
        if let Script::Server(steps) = &script {
            let others = steps.iter().filter_map(|step| if let Step::Cert(cert) = step { Some(*cert) } else { None });
            certs.extend(others);
        }
        for cert in certs {
            certificates::config(cert).map_err(|error| error.to_string())?;
        }
        let listener = Listener::start(address, cert, script).map_err(|error| error.to_string())?;
        let port = listener.port;
        self.ports().entry(port).or_default().listener = Some(listener);
        Ok(format!("port {port}"))
    }

    fn hold(&self, sockets: io::Result<Vec<Socket>>) -> Result<String, String> {
        let sockets = sockets.map_err(|error| error.to_string())?;
        let address = sockets.first().and_then(|socket| socket.local_addr().ok()?.as_socket());
        let port = address.as_ref().map(SocketAddr::port).ok_or("a socket without an address")?;
        self.ports().entry(port).or_default().sockets.extend(sockets);
        Ok(format!("port {port}"))
    }

    fn listener(&self, port: &str) -> Result<Arc<Listener>, String> {
        let listener = self.ports().get(&number(port)?).and_then(|port| port.listener.clone());
        listener.ok_or_else(|| no_such(port))
    }

    fn ports(&self) -> MutexGuard<'_, HashMap<u16, Port>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn reserved() -> io::Result<Vec<Socket>> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&FREE.into())?;
    Ok(vec![socket])
}

fn no_such(port: &str) -> String {
    format!("no such port: {port}")
}

fn done(waited: io::Result<()>) -> Result<String, String> {
    waited.map(|()| "ok".into()).map_err(|error| error.to_string())
}

fn parse_all<S: FromStr<Err = String>>(words: &[&str]) -> Result<Vec<S>, String> {
    words.iter().map(|word| word.parse()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
