//! One port: its script, what it has seen, and the state of the service behind it.

use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::connection;
use crate::delivery::End;
use crate::proxy::ProxyStep;
use crate::service::Service;
use crate::socks::SocksStep;
use crate::step::Step;
use crate::tls::Cert;

pub enum Script {
    Server(Vec<Step>),
    Proxy(Vec<ProxyStep>),
    Socks(Vec<SocksStep>),
}

pub struct Listener {
    pub port: u16,
    pub script: Script,
    socket: TcpListener,
    cert: Cert,
    ledger: Mutex<Ledger>,
    changed: Condvar,
}

#[derive(Default)]
pub struct Ledger {
    pub connections: u64,
    pub gone: u64,
    pub requests: Vec<Vec<u8>>,
    pub service: Service,
    pub released: bool,
    steps_used: usize,
    stopped: bool,
    /// Copies of the descriptors, for `stop`.
    open: HashMap<u64, TcpStream>,
}

impl Ledger {
    /// Uses up the next step, if it is for connections.
    pub fn step<'a, S>(&mut self, steps: &'a [S], wanted: fn(&S) -> bool) -> Option<&'a S> {
        let step = current(steps, self.steps_used).filter(|step| wanted(step))?;
        self.steps_used += 1;
        Some(step)
    }
}

impl Listener {
    pub fn start(address: SocketAddr, cert: Cert, script: Script) -> io::Result<Arc<Self>> {
        let socket = TcpListener::bind(address)?;
        let listener = Arc::new(Self {
            port: socket.local_addr()?.port(),
            script,
            socket,
            cert,
            ledger: Mutex::default(),
            changed: Condvar::new(),
        });
        let accepting = Arc::clone(&listener);
        thread::spawn(move || accepting.accept());
        Ok(listener)
    }

    fn accept(self: Arc<Self>) {
        while let Ok((tcp, _)) = self.socket.accept() {
            let mut greeting = self.cert;
            let mut at_once = None;
            let key = {
                let mut ledger = self.ledger();
                if ledger.stopped {
                    return;
                }
                if let Some(step) = self.connection_step(&mut ledger) {
                    match step {
                        Step::Cert(cert) => greeting = *cert,
                        Step::Accept(end) => at_once = Some(*end),
                        _ => {}
                    }
                }
                ledger.connections += 1;
                let key = ledger.connections;
                // Without a copy (no descriptor left), only `stop` does not work.
                if let Ok(copy) = tcp.try_clone() {
                    ledger.open.insert(key, copy);
                }
                key
            };
            self.changed.notify_all();
            let listener = Arc::clone(&self);
            let work = move || {
                let (stream, end) = connection::run(tcp, greeting, at_once, &listener);
                listener.ledger().open.remove(&key);
                stream.end(end);
                listener.ledger().gone += 1;
                listener.changed.notify_all();
            };
            if matches!(at_once, Some(End::Reset | End::Cut)) {
                work();
            } else {
                thread::spawn(work);
            }
        }
    }

    fn connection_step(&self, ledger: &mut Ledger) -> Option<&Step> {
        let Script::Server(steps) = &self.script else { return None };
        ledger.step(steps, Step::is_for_connections)
    }

    /// Records a request, and returns its step; `None` if the step is for connections.
    pub fn request<'a, S>(&self, head: &[u8], steps: &'a [S], for_requests: fn(&S) -> bool) -> Option<&'a S> {
        let mut ledger = self.ledger();
        ledger.requests.push(head.to_vec());
        let step = ledger.step(steps, for_requests);
        drop(ledger);
        self.changed.notify_all();
        step
    }

    /// Records a request that has no step.
    pub fn note(&self, head: &[u8]) {
        self.ledger().requests.push(head.to_vec());
        self.changed.notify_all();
    }

    /// The lock is never held during network I/O.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `done`; an error if the port is stopped before.
    pub fn wait(&self, done: impl Fn(&Ledger) -> bool) -> io::Result<()> {
        let waited = self.changed.wait_while(self.ledger(), |ledger| !ledger.stopped && !done(ledger));
        alive(&waited.unwrap_or_else(PoisonError::into_inner))
    }

    pub fn pause(&self, time: Duration) -> io::Result<()> {
        let until = Instant::now() + time;
        let mut ledger = self.ledger();
        loop {
            alive(&ledger)?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            ledger = self.changed.wait_timeout(ledger, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub fn release(&self) {
        self.ledger().released = true;
        self.changed.notify_all();
    }

    /// From now on, connections are refused; the port stays bound, so that no other process gets it.
    pub fn refuse(&self) {
        // Fails only if it was already shut down.
        let _ = SockRef::from(&self.socket).shutdown(Shutdown::Both);
    }

    pub fn stop(&self) {
        let mut ledger = self.ledger();
        ledger.stopped = true;
        self.refuse();
        for tcp in ledger.open.values() {
            let _ = tcp.shutdown(Shutdown::Both);
        }
        drop(ledger);
        self.changed.notify_all();
    }
}

fn current<S>(steps: &[S], used: usize) -> Option<&S> {
    steps.get(used).or(steps.last())
}

fn alive(ledger: &Ledger) -> io::Result<()> {
    if ledger.stopped { Err(io::Error::other("the port was stopped")) } else { Ok(()) }
}
