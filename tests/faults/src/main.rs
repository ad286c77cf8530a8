//! A server that misbehaves on request, for the tests of every language.
//!
//! `okdok-faults --help` prints this. Started without arguments it prints one line, the address of its control port (`127.0.0.1:PORT`), and nothing else.
//! It ends on SIGTERM, SIGINT or SIGHUP, and when its parent process ends; on SIGKILL too, but then the files of `ca` stay behind. Ports are on 127.0.0.1 but for `serve6`, and are free ones.
//!
//! # Control protocol
//!
//! TCP, one line per command, one line back, any number of connections. A command that makes no sense is answered `error TEXT`.
//!
//! | command | answer | |
//! | --- | --- | --- |
//! | `serve STEP...` | `port N` | plain HTTP; steps are used one per request, in order, the last one repeats |
//! | `tls CERT STEP...` | `port N` | the same over TLS |
//! | `proxy PSTEP...` | `port N` | an HTTP CONNECT proxy; one step per request, the last one repeats |
//! | `tlsproxy CERT PSTEP...` | `port N` | the same, itself spoken to over TLS |
//! | `socks SSTEP...` | `port N` | a SOCKS5 proxy; one step per connection, the last one repeats; a request is its `[USER:PASSWORD@]HOST:PORT` |
//! | `stall` | `port N` | a listener whose backlog is full: connecting hangs |
//! | `closed` | `port N` | nobody listens there; the port stays reserved |
//! | `serve6 N STEP...` | `port N` | `serve` on `[::1]:N`, beside a `stall` or `closed` port N: `localhost` with IPv4 dead |
//! | `ca CERT` | `path P` | PEM file that trusts that certificate (its root, or itself when self-signed; of `incomplete` the intermediate) |
//! | `seen N` | `connections C requests R` | connections count when accepted, requests when a whole head was read |
//! | `request N I` | `hex H` | raw head of the I-th request (from 1); `hex` alone when there is none |
//! | `wait N R` | `ok` | answers once port N has seen R requests |
//! | `waitconn N C` | `ok` | answers once port N has accepted C connections |
//! | `waitgone N C` | `ok` | answers once C connections of port N have ended, whoever ended them |
//! | `release N` | `ok` | lets every `hold` of port N go on, now and later |
//! | `deleted N ID` | `yes` / `no` | did the service behind port N delete this id |
//! | `length STEP ID` | `length H T` | bytes of the head, and of the whole answer, that STEP gives for this id |
//! | `stop N` | `ok` | closes port N and its connections, and forgets it |
//!
//! Words hold no spaces. Arguments of words, and every ID, are percent-encoded; bytes that mean nothing in their place may stand as they are.
//!
//! # STEP
//!
//! HTTP/1.1 with keep-alive: a connection serves many requests unless a step ends it. The id is the last segment of the path, percent-decoded.
//!
//! Answers:
//!
//! * `ok`: 200, `msg.deleted` for the id.
//! * `missing`: 400, `err.signature.request.not.exist` for the id.
//! * `service`: what the service says: deletes and `ok` the first time, `missing` after. Ids that begin with `missing-` never existed.
//! * `reply=STATUS[;NAME:VALUE]...[;;BODY]`: any answer. `{id}` in BODY becomes the id as JSON text. A content-length is added unless one or a
//!   transfer-encoding is given, or the status has no body (1xx, 204, 304). With `Connection:close` the connection is closed afterwards.
//! * `raw=BYTES`: these bytes (`{id}` as above), then an orderly close.
//! * `body=STATUS:N`: content-length N and that many bytes.
//! * `list`: what the intermediate of `incomplete` has revoked, which is nothing.
//! * `endless=STATUS`: a chunked body without end. `endless-head`: header fields without end. `flood`: 100 and 103 without end.
//! * `silent`: never answers, reads on.
//! * `random=SEED`: deletes or not, and answers, drops, resets, cuts, refuses and so on, by a plan drawn from SEED, the id and how often this id was
//!   asked for; so the plan does not depend on the order in which threads come. Honest: a whole `ok` or `missing` is true, and what a 4xx other
//!   than 408 and 499 refuses is not deleted, but for a `stray` one that says `close`. What was deleted behind one of these is not refused with the
//!   same status afterwards. About 1 request in 100 is never answered; 5 in 16 are followed by a `stray`, a `stale` or an `extra`.
//!
//! Before or around any of these, and each other:
//!
//! * `cut=N` / `reset=N`: the first N bytes of the `ok` answer, then FIN / RST; 0 is nothing at all, an N past its end the whole answer.
//!   Over TLS no `close_notify` is sent. `cutof=N:STEP` / `resetof=N:STEP`: the same of another answer.
//! * `stallof=N:STEP`: the first N bytes, then silence.
//! * `drip=MS[:STEP]`: a byte every MS milliseconds. `delay=MS[:STEP]`: waits first. `hold[:STEP]`: waits for `release`. Default STEP: `ok`.
//! * `informational=N:STEP`: N times 100 or 103, then STEP.
//! * `stray=US,STATUS[,read|,done][,close|,fin][:STEP]`: STEP, and US microseconds later an answer that nobody asked for. A request that has come by
//!   then is left unread; with `read` it is read and never answered; with `done` the service deletes its id besides. Then, with `close`, the answer
//!   says `Connection: close`, and the connection is closed; with `fin` it is closed all the same. With neither it goes on, but for the next
//!   request: whoever sent that took the stray answer for its own, so it is read and not answered. Nothing of this where STEP ends the connection.
//! * `stale=US[:STEP]`: STEP, and US microseconds later the connection is closed without a word.
//! * `extra=BYTES[:STEP]`: STEP, and right behind its answer these bytes. A colon in them is `%3A`.
//! * `delete:STEP`: the service deletes the id, then STEP (`delete:reset=0`: deleted, the reply lost).
//! * `last:STEP`: stops listening before STEP, so that the next connection is refused; the port stays reserved.
//!
//! For connections; used up when a connection is accepted and one of them is next (a request on an old connection that meets one is closed
//! without an answer, and the step stays):
//!
//! * `accept-reset` / `accept-close`: RST / close at once, nothing read. `accept-silent`: reads, never speaks. Before TLS, where there is TLS:
//!   there an attempt ended so was not sent.
//! * `cert=CERT`: this connection is greeted with another certificate (`tls` only); requests go on with the next step.
//!
//! # CERT
//!
//! For `localhost`, 127.0.0.1 and `::1`, signed by one private CA unless said otherwise:
//!
//! * `good`, `expired`, `future`, `wronghost`, `wrongusage` (client authentication only), `selfsigned`, `rotated` (by another CA), `incomplete`
//!   (the intermediate is left out), `chain` (it is sent), `tls12` / `tls13` (good, but only that version), `clientauth12` / `clientauth13` (only that
//!   version, and a client certificate is demanded).
//! * `authority` (self-signed, and itself an authority), `directory` (by a root whose name constraints are on directory names), `critical` (with
//!   critical certificate policies).
//! * `incomplete=PORT`: `incomplete`, and names a revocation list at 127.0.0.1:PORT.
//! * `responder=PORT`: good, and names an OCSP responder and a revocation list at 127.0.0.1:PORT.
//! * `tls11`: answers the client's hello as a server that knows TLS 1.1 only. `hangup`: closes after the client's hello. `mute`: never speaks. `plain`: plain
//!   HTTP (a request that is not HTTP gets a 400 in clear). `cut=N` / `close=N` / `reset=N` / `stall=N`: a good handshake, but after N bytes from
//!   the server FIN and reading on / a full close, so that what the client still writes meets an RST / RST / silence.
//!
//! # PSTEP
//!
//! * `tunnel=PORT`: opens a tunnel to 127.0.0.1:PORT, whatever was asked for. `STATUS`: refuses with it (407 asks for Basic credentials).
//! * `hangup`, `reset`, `silent`. `raw=BYTES`: these bytes, then an orderly close.
//!
//! # SSTEP
//!
//! * `tunnel=PORT`: opens a tunnel to 127.0.0.1:PORT, whatever was asked for. `login=PORT`: asks for user name and password first, and takes any.
//! * `refuse=CODE`: refuses the request. `nomethod`: accepts none of the offered logins. `badlogin`: asks for one and refuses it.
//! * `hangup`, `reset`, `silent`: after the client's greeting; `hangup=late` and so on after its request.

mod answer;
mod certificates;
mod connection;
mod control;
mod delivery;
mod lifetime;
mod listener;
mod proxy;
mod random;
mod service;
mod socks;
mod stall;
mod step;
mod stream;
mod tls;

use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

fn main() -> io::Result<()> {
    match std::env::args().nth(1).as_deref() {
        None => {}
        Some("--help") => {
            // Prints the documentation above, from this file.
            for line in include_str!("main.rs").lines().map_while(|line| line.strip_prefix("//!")) {
                writeln!(io::stdout(), "{}", line.strip_prefix(' ').unwrap_or(line))?;
            }
            return Ok(());
        }
        Some(_) => {
            eprintln!("usage: okdok-faults [--help]");
            std::process::exit(2)
        }
    }
    let lifetime = lifetime::Lifetime::begin()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || control::run(&listener));
    writeln!(io::stdout(), "{address}")?;
    lifetime.wait();
    certificates::remove_files();
    Ok(())
}
