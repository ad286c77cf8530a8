//! What main.rs documents, seen from a client.

// clippy.toml exempts test functions only; here, every function belongs to a test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::ring};

/// Makes a test that would hang fail instead.
const PATIENCE: Duration = Duration::from_secs(20);

struct Faults {
    process: Child,
    control: RefCell<BufReader<TcpStream>>,
    address: String,
}

impl Faults {
    fn start() -> Self {
        let mut process =
            Command::new(env!("CARGO_BIN_EXE_okdok-faults")).stdout(Stdio::piped()).spawn().expect("the server starts");
        let address = first_line(process.stdout.as_mut().unwrap());
        Self { process, control: RefCell::new(connect_to(&address)), address }
    }

    fn ask(&self, command: &str) -> String {
        ask(&mut self.control.borrow_mut(), command)
    }

    fn port(&self, command: &str) -> u16 {
        let answer = self.ask(command);
        answer.strip_prefix("port ").unwrap_or_else(|| panic!("{command}: {answer}")).parse().unwrap()
    }

    fn trust(&self, cert: &str) -> Arc<ClientConfig> {
        let answer = self.ask(&format!("ca {cert}"));
        let path = answer.strip_prefix("path ").unwrap_or_else(|| panic!("{answer}"));
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(path).unwrap()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
    }
}

impl Drop for Faults {
    fn drop(&mut self) {
        // Not SIGKILL, which would leave its files behind. If it has already ended, there is nothing to do.
        if let Ok(None) = self.process.try_wait() {
            terminate(&self.process);
            let _ = self.process.wait();
        }
    }
}

fn terminate(process: &Child) {
    // SAFETY: the process is our child and not yet waited for, so the id is still its own.
    assert_eq!(unsafe { libc::kill(process.id().try_into().unwrap(), libc::SIGTERM) }, 0);
}

fn first_line(output: impl Read) -> String {
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).unwrap();
    line.trim_end().into()
}

fn connect_to(address: &str) -> BufReader<TcpStream> {
    try_to_connect_to(address).expect("the port listens")
}

fn try_to_connect_to(address: &str) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(BufReader::new(stream))
}

fn connect(port: u16) -> BufReader<TcpStream> {
    connect_to(&format!("127.0.0.1:{port}"))
}

/// A reset that comes at once may come before the call that connects has returned.
fn try_to_connect(port: u16) -> io::Result<BufReader<TcpStream>> {
    try_to_connect_to(&format!("127.0.0.1:{port}"))
}

fn ask(control: &mut BufReader<TcpStream>, command: &str) -> String {
    control.get_mut().write_all(format!("{command}\n").as_bytes()).unwrap();
    let mut answer = String::new();
    control.read_line(&mut answer).unwrap();
    answer.trim_end().into()
}

fn head(id: &str) -> String {
    format!("DELETE /JSON/signatureRequest/{id} HTTP/1.1\r\nhost: h\r\n\r\n")
}

fn delete(stream: &mut BufReader<TcpStream>, id: &str) {
    stream.get_mut().write_all(head(id).as_bytes()).unwrap();
}

/// Status and body of one answer with a content-length.
fn answer(stream: &mut impl BufRead) -> (u16, String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        assert_ne!(stream.read_until(b'\n', &mut head).unwrap(), 0, "no answer: {}", String::from_utf8_lossy(&head));
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split('\r').next()).unwrap_or("0");
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), String::from_utf8(body).unwrap())
}

fn rest(stream: &mut impl Read) -> (Vec<u8>, Option<ErrorKind>) {
    let mut bytes = Vec::new();
    let error = stream.read_to_end(&mut bytes).err().map(|error| error.kind());
    (bytes, error)
}

const DELETED: &str = r#"{"message":"msg.deleted","result":"1"}"#;

#[test]
fn one_connection_serves_a_whole_script_and_the_last_step_repeats() {
    let faults = Faults::start();
    let port = faults.port("serve ok missing reply=418;x:y;;%20{id}%20 service");
    let mut stream = connect(port);
    let mut answers = Vec::new();
    for _ in 0..5 {
        delete(&mut stream, "1");
        answers.push(answer(&mut stream));
    }
    let missing = (400, r#"{"message":"err.signature.request.not.exist","value":"1"}"#.to_owned());
    let deleted = (200, DELETED.to_owned());
    assert_eq!(answers, [deleted.clone(), missing.clone(), (418, " 1 ".into()), deleted, missing]);
    assert_eq!(faults.ask(&format!("seen {port}")), "connections 1 requests 5");
    assert_eq!(faults.ask(&format!("deleted {port} 1")), "yes");
    let answer = faults.ask(&format!("request {port} 5"));
    let hex = answer.strip_prefix("hex ").unwrap().as_bytes().chunks(2);
    let bytes = hex.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
    assert_eq!(bytes.collect::<Vec<_>>(), head("1").as_bytes());
    assert_eq!(faults.ask(&format!("request {port} 6")), "hex");
}

#[test]
fn an_answer_is_cut_at_every_byte() {
    let faults = Faults::start();
    let length = faults.ask("length ok 1");
    let total: usize = length.rsplit(' ').next().unwrap().parse().unwrap();
    for (word, error) in [("cut", None), ("reset", Some(ErrorKind::ConnectionReset))] {
        for bytes in 0..=total {
            let port = faults.port(&format!("serve {word}={bytes}"));
            let mut stream = connect(port);
            delete(&mut stream, "1");
            let (received, ended) = rest(&mut stream);
            assert_eq!((received.len(), ended), (bytes, error), "{word}={bytes}");
        }
    }
}

#[test]
fn a_lost_answer_may_hide_a_deletion() {
    let faults = Faults::start();
    let port = faults.port("serve reset=0 delete:reset=0");
    for (id, deleted) in [("a", "no"), ("b", "yes")] {
        let mut stream = connect(port);
        delete(&mut stream, id);
        assert_eq!(rest(&mut stream), (vec![], Some(ErrorKind::ConnectionReset)));
        assert_eq!(faults.ask(&format!("deleted {port} {id}")), deleted);
    }
}

#[test]
fn hold_answers_after_release_and_wait_after_the_request() {
    let faults = Faults::start();
    let port = faults.port("serve hold");
    let mut stream = connect(port);
    let mut waiting = connect_to(&faults.address);
    waiting.get_mut().write_all(format!("wait {port} 1\n").as_bytes()).unwrap();
    assert_eq!(faults.ask(&format!("waitconn {port} 1")), "ok");
    assert_eq!(faults.ask(&format!("seen {port}")), "connections 1 requests 0");
    delete(&mut stream, "1");
    let mut line = String::new();
    waiting.read_line(&mut line).unwrap();
    assert_eq!(line, "ok\n");
    stream.get_ref().set_nonblocking(true).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    stream.get_ref().set_nonblocking(false).unwrap();
    assert_eq!(faults.ask(&format!("release {port}")), "ok");
    assert_eq!(answer(&mut stream).0, 200);
    drop(stream);
    assert_eq!(faults.ask(&format!("waitgone {port} 1")), "ok");
}

#[test]
fn stop_ends_connections_waits_and_the_port() {
    let faults = Faults::start();
    for step in ["silent", "hold", "delay=600000", "drip=600000", "stallof=0:ok", "accept-silent"] {
        let port = faults.port(&format!("serve {step}"));
        let mut stream = connect(port);
        delete(&mut stream, "1");
        if step != "accept-silent" {
            assert_eq!(faults.ask(&format!("wait {port} 1")), "ok");
        }
        if step == "drip=600000" {
            stream.read_exact(&mut [0]).unwrap();
        }
        assert_eq!(faults.ask(&format!("waitconn {port} 1")), "ok");
        let mut waiting = connect_to(&faults.address);
        waiting.get_mut().write_all(format!("wait {port} 9\n").as_bytes()).unwrap();
        assert_eq!(faults.ask(&format!("stop {port}")), "ok");
        let mut line = String::new();
        waiting.read_line(&mut line).unwrap();
        assert!(line.starts_with("error "), "{line}");
        assert_eq!(rest(&mut stream), (vec![], None), "{step}");
        assert_eq!(TcpStream::connect(("127.0.0.1", port)).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        assert!(faults.ask(&format!("seen {port}")).starts_with("error "));
    }
}

#[test]
fn slow_answers_are_slow_and_whole() {
    let faults = Faults::start();
    let port = faults.port("serve drip=1 delay=100 informational=2:ok");
    let mut stream = connect(port);
    for least in [109, 100] {
        let start = Instant::now();
        delete(&mut stream, "1");
        assert_eq!(answer(&mut stream), (200, DELETED.into()));
        assert!(start.elapsed() >= Duration::from_millis(least), "{:?}", start.elapsed());
    }
    delete(&mut stream, "1");
    let statuses = [(); 3].map(|()| answer(&mut stream).0);
    assert_eq!(statuses, [100, 103, 200]);
}

/// What a connection receives after the answer to "1" (and to "2", if that is requested meanwhile): statuses, then how it ends.
fn astray(faults: &Faults, step: &str, asks_again: bool) -> (Vec<u16>, Option<ErrorKind>, String, String) {
    let hold = if asks_again { "hold:" } else { "" };
    let port = faults.port(&format!("serve {step}:{hold}service"));
    let mut stream = connect(port);
    delete(&mut stream, "1");
    if asks_again {
        // The first request has been read, and the second has arrived, before the first is answered.
        faults.ask(&format!("wait {port} 1"));
        delete(&mut stream, "2");
        faults.ask(&format!("release {port}"));
    } else {
        stream.get_ref().shutdown(Shutdown::Write).unwrap();
    }
    let (bytes, error) = rest(&mut stream);
    let text = String::from_utf8(bytes).unwrap();
    let statuses = text.split("HTTP/1.1 ").skip(1).map(|answer| answer.split(' ').next().unwrap().parse().unwrap());
    (statuses.collect(), error, faults.ask(&format!("deleted {port} 2")), faults.ask(&format!("seen {port}")))
}

#[test]
fn a_stray_answer_meets_the_next_request() {
    let faults = Faults::start();
    let seen = |requests| format!("connections 1 requests {requests}");
    for (step, deleted, requests) in [("done", "yes", 2), ("read", "no", 2)] {
        let stray = astray(&faults, &format!("stray=100,403,{step},close"), true);
        assert_eq!(stray, (vec![200, 403], None, deleted.into(), seen(requests)), "{step}");
    }
    // Closed with unread bytes.
    for step in ["close", "fin"] {
        let (_, error, deleted, requests) = astray(&faults, &format!("stray=100,403,{step}"), true);
        assert_eq!((error, deleted, requests), (Some(ErrorKind::ConnectionReset), "no".into(), seen(1)), "{step}");
    }
    for step in ["done,close", "read,close", "close", "fin"] {
        let stray = astray(&faults, &format!("stray=100,403,{step}"), false);
        assert_eq!(stray, (vec![200, 403], None, "no".into(), seen(1)), "{step}");
    }
    let (statuses, _, deleted, requests) = astray(&faults, "stale=100", true);
    assert_eq!((statuses.len() < 2, deleted, requests), (true, "no".into(), seen(1)));
    assert_eq!(astray(&faults, "stale=100", false), (vec![200], None, "no".into(), seen(1)));
}

#[test]
fn a_stray_answer_says_close_where_it_is_told_to() {
    let faults = Faults::start();
    for (step, says) in [("stray=1,431,close", true), ("stray=1,431,fin", false)] {
        let mut stream = connect(faults.port(&format!("serve {step}")));
        delete(&mut stream, "1");
        let (bytes, error) = rest(&mut stream);
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!((text.contains("\r\nconnection: close\r\n"), error), (says, None), "{text}");
        assert!(text.contains("431"), "{text}");
    }
}

#[test]
fn a_connection_that_stays_open_swallows_the_request_that_a_stray_answer_met() {
    let faults = Faults::start();
    for step in ["stray=1,403", "stray=1,403,done"] {
        let port = faults.port(&format!("serve {step}:ok missing"));
        let mut stream = connect(port);
        delete(&mut stream, "1");
        assert_eq!([answer(&mut stream).0, answer(&mut stream).0], [200, 403]);
        delete(&mut stream, "2");
        delete(&mut stream, "3");
        assert_eq!(answer(&mut stream), (400, r#"{"message":"err.signature.request.not.exist","value":"3"}"#.into()));
        assert_eq!(faults.ask(&format!("seen {port}")), "connections 1 requests 3");
        assert_eq!(faults.ask(&format!("deleted {port} 2")), "no");
    }
}

#[test]
fn extra_bytes_come_right_behind_an_answer() {
    let faults = Faults::start();
    let port = faults.port("serve extra=HTTP/1.1%20403%20No%0D%0A%0D%0A:reply=200;;x extra=%0D%0Ax:cut=999");
    let mut stream = connect(port);
    delete(&mut stream, "1");
    assert_eq!(answer(&mut stream), (200, "x".into()));
    assert_eq!(stream.buffer(), b"HTTP/1.1 403 No\r\n\r\n");
    delete(&mut stream, "1");
    let (bytes, _) = rest(&mut stream);
    assert!(bytes.ends_with(b"}\r\nx"), "{}", String::from_utf8_lossy(&bytes));
}

#[test]
fn help_is_printed_and_anything_else_refused() {
    let run = |argument| Command::new(env!("CARGO_BIN_EXE_okdok-faults")).arg(argument).output().unwrap();
    let help = run("--help");
    assert!(help.status.success());
    let text = String::from_utf8(help.stdout).unwrap();
    assert!(text.contains("| `serve STEP...` |") && text.contains("* `hangup`"), "{text}");
    assert_eq!(run("--port").status.code(), Some(2));
}

#[test]
fn long_answers_go_on_for_as_long_as_they_are_read() {
    const ENOUGH: usize = 3_000_000;
    let faults = Faults::start();
    for (step, begins) in [
        ("endless=503", "HTTP/1.1 503 As Asked\r\ntransfer-encoding: chunked\r\n\r\n10000\r\nxxx"),
        ("endless-head", "HTTP/1.1 200 OK\r\nx-more: "),
        ("flood", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 "),
        ("body=401:1000000000", "HTTP/1.1 401 As Asked\r\ncontent-length: 1000000000\r\n\r\nxxx"),
    ] {
        let mut stream = connect(faults.port(&format!("serve {step}")));
        delete(&mut stream, "1");
        let mut bytes = vec![0; ENOUGH];
        stream.read_exact(&mut bytes).unwrap();
        assert!(bytes.starts_with(begins.as_bytes()), "{step}");
    }
    let mut stream = connect(faults.port("serve body=200:100000 ok"));
    for length in [100_000, DELETED.len()] {
        delete(&mut stream, "1");
        assert_eq!(answer(&mut stream).1.len(), length);
    }
}

#[test]
fn connections_are_ended_at_once_or_refused_when_the_script_says_so() {
    let faults = Faults::start();
    let port = faults.port("serve accept-close accept-reset last:reply=200;Connection:close;;x");
    assert_eq!(rest(&mut connect(port)), (vec![], None));
    let reset = try_to_connect(port).map_or_else(|error| (vec![], Some(error.kind())), |mut stream| rest(&mut stream));
    assert_eq!(reset, (vec![], Some(ErrorKind::ConnectionReset)));
    let mut stream = connect(port);
    delete(&mut stream, "1");
    assert_eq!(answer(&mut stream), (200, "x".into()));
    assert_eq!(rest(&mut stream), (vec![], None));
    assert_eq!(TcpStream::connect(("127.0.0.1", port)).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert_eq!(faults.ask(&format!("seen {port}")), "connections 3 requests 1");
}

#[test]
fn closed_refuses_and_stall_hangs() {
    let faults = Faults::start();
    let closed = faults.port("closed");
    assert_eq!(TcpStream::connect(("127.0.0.1", closed)).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert_eq!(TcpListener::bind(("127.0.0.1", closed)).unwrap_err().kind(), ErrorKind::AddrInUse);

    let stalled = faults.port("stall");
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        assert_eq!(faults.port(&format!("serve6 {stalled} ok")), stalled);
        TcpStream::connect((Ipv6Addr::LOCALHOST, stalled)).unwrap();
    } else {
        // Unlike eprintln!, this is not captured.
        writeln!(std::io::stderr(), "\nleft out: serve6, this machine has no ::1").unwrap();
    }
    let address = (Ipv4Addr::LOCALHOST, stalled).into();
    let error = TcpStream::connect_timeout(&address, Duration::from_millis(200)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

#[test]
fn nonsense_is_refused_and_the_conversation_goes_on() {
    let faults = Faults::start();
    for command in [
        "",
        "serve",
        "serve nonsense",
        "serve ok nonsense",
        "tls good",
        "tls worse ok",
        "tls good cert=worse",
        "proxy",
        "proxy 40x",
        "socks",
        "socks tunnel",
        "socks hangup=now",
        "seen 1",
        "wait 1 1",
        "request x 1",
        "ca worse",
        "stop 70000",
        "length silent 1",
        "length endless=200 1",
    ] {
        let answer = faults.ask(command);
        assert!(answer.starts_with("error "), "{command}: {answer}");
    }
    faults.port("serve ok");
}

/// One call over TLS, including the handshake.
fn call(port: u16, trust: &Arc<ClientConfig>) -> Result<(u16, String), String> {
    let name = ServerName::try_from("localhost").unwrap();
    let tls = ClientConnection::new(Arc::clone(trust), name).unwrap();
    let mut stream = StreamOwned::new(tls, try_to_connect(port).map_err(|error| error.to_string())?.into_inner());
    stream.write_all(head("1").as_bytes()).map_err(|error| error.to_string())?;
    let mut reader = BufReader::new(stream);
    reader
        .fill_buf()
        .map_err(|error| error.to_string())
        .and_then(|bytes| if bytes.is_empty() { Err("closed".into()) } else { Ok(()) })?;
    Ok(answer(&mut reader))
}

#[test]
fn good_certificates_work_and_bad_ones_fail_for_their_own_reason() {
    let faults = Faults::start();
    let good = faults.trust("good");
    for cert in ["good", "chain", "tls12", "tls13"] {
        assert_eq!(call(faults.port(&format!("tls {cert} ok")), &good), Ok((200, DELETED.into())), "{cert}");
    }
    for cert in ["rotated", "selfsigned", "incomplete"] {
        assert_eq!(
            call(faults.port(&format!("tls {cert} ok")), &faults.trust(cert)),
            Ok((200, DELETED.into())),
            "{cert}"
        );
    }
    for (cert, reason) in [
        ("expired", "expired"),
        ("future", "not valid yet"),
        ("wronghost", "not valid for name"),
        ("wrongusage", "extended key usage"),
        ("selfsigned", "UnknownIssuer"),
        ("rotated", "UnknownIssuer"),
        ("incomplete", "UnknownIssuer"),
        ("tls11", "peer is incompatible"),
        ("clientauth12", "fatal alert"),
        ("clientauth13", "CertificateRequired"),
        ("hangup", "end of file"),
        ("plain", "corrupt message"),
    ] {
        let port = faults.port(&format!("tls {cert} ok"));
        let error = call(port, &good).expect_err(cert);
        assert!(error.contains(reason), "{cert}: {error}");
        assert_eq!(faults.ask(&format!("seen {port}")), "connections 1 requests 0", "{cert}");
    }
    for (cert, reason) in [
        ("authority", "CaUsedAsEndEntity"),
        ("directory", "NameConstraintViolation"),
        ("critical", "UnsupportedCriticalExtension"),
    ] {
        let error = call(faults.port(&format!("tls {cert} ok")), &faults.trust(cert)).expect_err(cert);
        assert!(error.contains(reason), "{cert}: {error}");
    }
}

#[test]
fn handshakes_break_off_where_they_are_told_to() {
    let faults = Faults::start();
    let good = faults.trust("good");
    for bytes in [0, 1, 5, 50, 127, 128, 300, 100_000] {
        // What a full close looks like depends on whether the client writes again.
        for (word, reasons) in
            [("cut", &["end of file"][..]), ("reset", &["reset"]), ("close", &["end of file", "reset", "Broken pipe"])]
        {
            let port = faults.port(&format!("tls {word}={bytes} ok"));
            let error = call(port, &good).expect_err(word);
            // If the limit is past the whole handshake, the connection ends after that.
            let expected = reasons.iter().any(|reason| error.contains(reason)) || bytes == 100_000;
            assert!(expected, "{word}={bytes}: {error}");
            assert_eq!(faults.ask(&format!("seen {port}")), "connections 1 requests 0");
        }
    }
    for cert in ["mute", "stall=0", "stall=60"] {
        let port = faults.port(&format!("tls {cert} ok"));
        std::thread::scope(|scope| {
            let caller = scope.spawn(|| call(port, &good));
            faults.ask(&format!("waitconn {port} 1"));
            faults.ask(&format!("stop {port}"));
            assert!(caller.join().unwrap().is_err(), "{cert}");
        });
    }
}

#[test]
fn one_port_greets_its_connections_differently() {
    let faults = Faults::start();
    let good = faults.trust("good");
    let port = faults.port("tls good accept-reset cert=expired cut=0 ok");
    assert!(call(port, &good).unwrap_err().contains("reset"));
    assert!(call(port, &good).unwrap_err().contains("expired"));
    assert!(call(port, &good).unwrap_err().contains("close_notify"));
    assert_eq!(call(port, &good), Ok((200, DELETED.into())));
    assert_eq!(faults.ask(&format!("seen {port}")), "connections 4 requests 2");
}

const CONNECT: &[u8] = b"CONNECT far.example:443 HTTP/1.1\r\nproxy-authorization: Basic dTpw\r\n\r\n";

#[test]
fn a_proxy_tunnels_refuses_or_hangs_up() {
    let faults = Faults::start();
    let server = faults.port("serve ok");
    let port = faults.port(&format!("proxy 407 403 hangup reset raw=HTTP/1.1%20200 tunnel={server}"));
    let mut answers = Vec::new();
    for _ in 0..5 {
        let mut stream = connect(port);
        stream.get_mut().write_all(CONNECT).unwrap();
        let (bytes, error) = rest(&mut stream);
        answers.push((String::from_utf8(bytes).unwrap().chars().take(12).collect::<String>(), error));
    }
    let reset = Some(ErrorKind::ConnectionReset);
    let expected = [("HTTP/1.1 407", None), ("HTTP/1.1 403", None), ("", None), ("", reset), ("HTTP/1.1 200", None)];
    assert_eq!(answers, expected.map(|(text, error)| (text.to_owned(), error)));

    let mut stream = connect(port);
    stream.get_mut().write_all(CONNECT).unwrap();
    assert_eq!(answer(&mut stream).0, 200);
    delete(&mut stream, "1");
    assert_eq!(answer(&mut stream), (200, DELETED.into()));
    stream.get_ref().shutdown(Shutdown::Write).unwrap();
    assert_eq!(rest(&mut stream), (vec![], None));
    assert_eq!(faults.ask(&format!("waitgone {server} 1")), "ok");
    assert_eq!(faults.ask(&format!("seen {port}")), "connections 6 requests 6");
}

#[test]
fn a_proxy_behind_tls_tunnels_too() {
    let faults = Faults::start();
    let server = faults.port("serve body=200:1000000 ok");
    let port = faults.port(&format!("tlsproxy good tunnel={server}"));
    let name = ServerName::try_from("localhost").unwrap();
    let tls = ClientConnection::new(faults.trust("good"), name).unwrap();
    let mut stream = BufReader::new(StreamOwned::new(tls, connect(port).into_inner()));
    stream.get_mut().write_all(CONNECT).unwrap();
    assert_eq!(answer(&mut stream).0, 200);
    for length in [1_000_000, DELETED.len()] {
        stream.get_mut().write_all(head("1").as_bytes()).unwrap();
        assert_eq!(answer(&mut stream).1.len(), length);
    }
    drop(stream);
    assert_eq!(faults.ask(&format!("waitgone {server} 1")), "ok");
    assert_eq!(faults.ask(&format!("waitgone {port} 1")), "ok");
}

/// What a SOCKS proxy answers to a greeting with these methods, to a login and to a request, and how the connection ends.
fn socks(port: u16, methods: &[u8], says: &[&[u8]]) -> (Vec<u8>, Option<ErrorKind>) {
    let mut stream = connect(port);
    let greeting = [&[5, u8::try_from(methods.len()).unwrap()], methods].concat();
    stream.get_mut().write_all(&[&greeting, &says.concat()[..]].concat()).unwrap();
    stream.get_ref().shutdown(Shutdown::Write).unwrap();
    rest(&mut stream)
}

#[test]
fn a_socks_proxy_tunnels_refuses_or_hangs_up() {
    const NAME: &[u8] = b"\x05\x01\x00\x03\x0bfar.example\x01\xbb";
    const ADDRESS: &[u8] = b"\x05\x01\x00\x01\x7f\x00\x00\x01\x01\xbb";
    const LOGIN: &[u8] = b"\x01\x01u\x02pw";
    const DONE: &[u8] = &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    let faults = Faults::start();
    let server = faults.port("serve ok");
    let request = head("1");
    let asked = |port: u16, index| {
        let answer = faults.ask(&format!("request {port} {index}"));
        let hex = answer.strip_prefix("hex ").unwrap().as_bytes().chunks(2);
        let bytes = hex.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
        String::from_utf8(bytes.collect()).unwrap()
    };

    let port = faults
        .port(&format!("socks tunnel={server} login={server} refuse=2 nomethod badlogin hangup reset hangup=late"));
    let (bytes, error) = socks(port, &[0], &[NAME, request.as_bytes()]);
    let text = bytes.strip_prefix(&[&[5, 0], DONE].concat()[..]).unwrap();
    assert!(text.starts_with(b"HTTP/1.1 200 ") && error.is_none(), "{text:?}");
    let (bytes, _) = socks(port, &[0, 2], &[LOGIN, ADDRESS, request.as_bytes()]);
    assert!(bytes.starts_with(&[&[5, 2, 1, 0], DONE].concat()[..]), "{bytes:?}");
    assert_eq!((asked(port, 1), asked(port, 2)), ("far.example:443".into(), "u:pw@127.0.0.1:443".into()));

    assert_eq!(socks(port, &[0], &[NAME]), (vec![5, 0, 5, 2, 0, 1, 0, 0, 0, 0, 0, 0], None));
    assert_eq!(socks(port, &[0, 2], &[]), (vec![5, 0xff], None));
    assert_eq!(socks(port, &[0, 2], &[LOGIN]), (vec![5, 2, 1, 1], None));
    assert_eq!(socks(port, &[0], &[]), (vec![], None));
    assert_eq!(socks(port, &[0], &[]), (vec![], Some(ErrorKind::ConnectionReset)));
    assert_eq!(socks(port, &[0], &[NAME]), (vec![5, 0], None));
    assert_eq!(faults.ask(&format!("seen {port}")), "connections 8 requests 4");
    // If only a login is offered, it is asked for.
    let port = faults.port(&format!("socks tunnel={server}"));
    assert!(socks(port, &[2], &[LOGIN, NAME]).0.starts_with(&[5, 2, 1, 0]));
}

#[test]
fn random_answers_differ_and_whole_ones_are_true() {
    let faults = Faults::start();
    let port = faults.port("serve random=42");
    let mut statuses = BTreeSet::new();
    for id in 0..300 {
        for _ in 0..3 {
            let before = faults.ask(&format!("deleted {port} {id}"));
            let mut stream = connect(port);
            delete(&mut stream, &id.to_string());
            // Ends the connection after the answer, or without one; it may already be reset.
            let _ = stream.get_ref().shutdown(Shutdown::Write);
            let (bytes, _) = rest(&mut stream);
            let text = String::from_utf8_lossy(&bytes);
            let after = faults.ask(&format!("deleted {port} {id}"));
            if text.contains(&format!(r#"{{"message":"msg.deleted","result":"{id}"}}"#)) {
                assert_eq!((before.as_str(), after.as_str()), ("no", "yes"), "{text}");
            }
            if text.contains(&format!(r#"not.exist","value":"{id}"}}"#)) {
                assert_eq!((before.as_str(), after.as_str()), ("yes", "yes"), "{text}");
            }
            let status = text.split(' ').nth(1).unwrap_or_default().to_owned();
            if ["400", "401", "403", "404", "409", "429"].contains(&status.as_str()) {
                assert_eq!(before, after, "{text}");
            }
            statuses.insert(status);
        }
    }
    assert!(statuses.len() > 12, "{statuses:?}");
}

#[test]
fn it_ends_with_its_parent_or_on_a_signal_and_leaves_no_file() {
    let mut shell = Command::new("sh")
        .args(["-c", "\"$0\" & read -r line", env!("CARGO_BIN_EXE_okdok-faults")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // A server that outlives the test would block whoever reads the test's output.
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = shell.stdout.take().unwrap();
    let mut byte = [0];
    let mut address = String::new();
    while output.read_exact(&mut byte).is_ok() && byte != *b"\n" {
        address.push(byte[0].into());
    }
    let mut control = connect_to(&address);
    let answer = ask(&mut control, "ca good");
    let file = PathBuf::from(answer.strip_prefix("path ").unwrap());
    assert!(file.exists());
    drop(shell.stdin.take());
    shell.wait().unwrap();
    // Both end with the server, and only then; the socket's time-out limits the wait.
    assert_eq!(rest(&mut control), (vec![], None));
    assert_eq!(rest(&mut output), (vec![], None));
    assert!(!file.parent().unwrap().exists());

    let mut faults = Faults::start();
    let answer = faults.ask("ca good");
    terminate(&faults.process);
    assert!(faults.process.wait().unwrap().success());
    assert!(!PathBuf::from(answer.strip_prefix("path ").unwrap()).exists());
}
