//! Calls GetProfile as fast as it is answered, and prints how long the answers took, as JSON.
//!
//! `load unix:PATH|HOST:PORT CONNECTIONS IN_FLIGHT SECONDS USERS [METHOD]`: so many connections with so many calls in
//! flight on each, for as many users of benchmarks/population.py; a method of ProfileService whose request begins with the
//! user's id. With LookupProfiles each connection has one stream, with so many lookups in flight on it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use h2::client::SendRequest;
use http::Request;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::{JoinSet, LocalSet};

type Failure = Box<dyn std::error::Error>;

struct Load {
    method: String,
    users: u64,
    seconds: Duration,
    next: RefCell<u64>,
    nanoseconds: RefCell<Vec<u32>>,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, connections, in_flight, seconds, users, method @ ..] = &arguments[..] else {
        return Err("usage: load unix:PATH|HOST:PORT CONNECTIONS IN_FLIGHT SECONDS USERS [METHOD]".into());
    };
    let load = Rc::new(Load {
        method: method.first().cloned().unwrap_or_else(|| "GetProfile".into()),
        users: users.parse()?,
        seconds: Duration::from_secs_f64(seconds.parse()?),
        next: RefCell::default(),
        nanoseconds: RefCell::default(),
    });
    let (connections, in_flight): (u32, u32) = (connections.parse()?, in_flight.parse()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, run(load, address, connections, in_flight))
}

async fn run(load: Rc<Load>, address: &str, connections: u32, in_flight: u32) -> Result<(), Failure> {
    let mut callers = JoinSet::new();
    for _ in 0..connections {
        let ready = match address.strip_prefix("unix:") {
            Some(path) => open(UnixStream::connect(path).await?).await?,
            None => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                open(stream).await?
            }
        };
        if load.method == "LookupProfiles" {
            callers.spawn_local(look_up(load.clone(), ready, in_flight as usize));
            continue;
        }
        for _ in 0..in_flight {
            callers.spawn_local(call(load.clone(), ready.clone()));
        }
    }
    let began = Instant::now();
    while let Some(ended) = callers.join_next().await {
        ended?.map_err(|error| error.to_string())?;
    }
    let seconds = began.elapsed().as_secs_f64();
    let mut took = load.nanoseconds.take();
    took.sort_unstable();
    let at = |share: f64| f64::from(took[((took.len() - 1) as f64 * share) as usize]) / 1e3;
    println!(
        r#"{{"calls": {}, "calls_a_second": {:.1}, "p50_us": {:.2}, "p99_us": {:.2}}}"#,
        took.len(),
        took.len() as f64 / seconds,
        at(0.5),
        at(0.99)
    );
    Ok(())
}

async fn open<T: AsyncRead + AsyncWrite + Unpin + 'static>(io: T) -> Result<SendRequest<Bytes>, h2::Error> {
    let (ready, connection) = h2::client::Builder::new()
        .initial_window_size(1 << 20)
        .initial_connection_window_size(1 << 24)
        .handshake(io)
        .await?;
    tokio::task::spawn_local(connection);
    Ok(ready)
}

fn request(load: &Load) -> Result<Request<()>, Failure> {
    let request = Request::post(format!("http://localhost/foreword.v1.ProfileService/{}", load.method))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    Ok(request.body(())?)
}

/// The next user's request, framed.
fn message(load: &Load) -> Bytes {
    let user = format!("user-{:09}", load.next.replace_with(|next| *next + 1) % load.users);
    let mut message = vec![0, 0, 0, 0, user.len() as u8 + 2, 1 << 3 | 2, user.len() as u8];
    message.extend_from_slice(user.as_bytes());
    message.into()
}

async fn look_up(load: Rc<Load>, ready: SendRequest<Bytes>, in_flight: usize) -> Result<(), Failure> {
    let ends = Instant::now() + load.seconds;
    let (response, mut sending) = ready.ready().await?.send_request(request(&load)?, false)?;
    let mut began = VecDeque::new();
    for _ in 0..in_flight {
        began.push_back(Instant::now());
        sending.send_data(message(&load), false)?;
    }
    let (_, mut body) = response.await?.into_parts();
    let mut read = BytesMut::new();
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        read.extend_from_slice(&data);
        while let Some(size) = read.get(1..5).map(|size| u32::from_be_bytes(size.try_into().expect("4 bytes"))) {
            if read.len() < 5 + size as usize {
                break;
            }
            read.advance(5 + size as usize);
            let took = began.pop_front().ok_or("an answer to nothing")?.elapsed();
            load.nanoseconds.borrow_mut().push(took.as_nanos() as u32);
            if Instant::now() < ends {
                began.push_back(Instant::now());
                sending.send_data(message(&load), false)?;
            } else if began.is_empty() {
                sending.send_data(Bytes::new(), true)?;
            }
        }
    }
    let status = body.trailers().await?.and_then(|trailers| trailers.get("grpc-status").cloned());
    if status.is_none_or(|status| status != "0") || !began.is_empty() {
        return Err("the stream broke off".into());
    }
    Ok(())
}

async fn call(load: Rc<Load>, ready: SendRequest<Bytes>) -> Result<(), Failure> {
    let ends = Instant::now() + load.seconds;
    while Instant::now() < ends {
        let message = message(&load);
        let began = Instant::now();
        let mut ready = ready.clone().ready().await?;
        let (response, mut sending) = ready.send_request(request(&load)?, false)?;
        sending.send_data(message, true)?;
        let (_, mut body) = response.await?.into_parts();
        let mut size = 0;
        while let Some(data) = body.data().await {
            let data = data?;
            size += data.len();
            body.flow_control().release_capacity(data.len())?;
        }
        let status = body.trailers().await?.and_then(|trailers| trailers.get("grpc-status").cloned());
        if size < 5 || status.is_none_or(|status| status != "0") {
            return Err("no answer".into());
        }
        load.nanoseconds.borrow_mut().push(began.elapsed().as_nanos() as u32);
    }
    Ok(())
}
