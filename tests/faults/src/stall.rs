//! A listener whose backlog is full, so that connecting to it hangs.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// The sockets that keep it full; the first is the listener.
pub fn stalled(address: SocketAddr) -> io::Result<Vec<Socket>> {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    listener.bind(&address.into())?;
    listener.listen(0)?;
    let address = listener.local_addr()?;
    let mut sockets = vec![listener];
    // How many fit differs between kernels: it is full when one hangs. Others take no time, but a busy kernel may be late.
    for _ in 0..64 {
        let connection = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        match connection.connect_timeout(&address, Duration::from_millis(250)) {
            Ok(()) => sockets.push(connection),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => return Ok(sockets),
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("this kernel's backlog does not fill up"))
}
