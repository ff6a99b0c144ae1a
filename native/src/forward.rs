//! Handing a call on to the sidecar and its answer back, frame by frame and unparsed.

use std::future::poll_fn;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use http::{request, Request, Response, Uri};
use tokio::net::UnixStream;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::alone;
use crate::connection::{FRAMES_BYTES_MAX, REQUEST_BYTES_MAX};
use crate::front::Front;
use crate::grpc::response_headers;
use crate::limits::Client;
use crate::respond::{status, Respond};
use crate::socket::Socket;

/// What the sidecar may send of one answer, and of all of a connection, before the client has taken it.
const STREAM_WINDOW_BYTES: u32 = 1 << 18;
const CONNECTION_WINDOW_BYTES: u32 = 1 << 20;
const HEADER_BYTES_MAX: u32 = 65_536;
/// What may wait to be written of one request.
const SEND_BUFFER_BYTES: usize = 1 << 16;
/// How often a sidecar that is awaited is looked for.
const LOOK: Duration = Duration::from_millis(10);
/// Calls that wait for it; each holds what its client sent of it before it was told to stop, 64 KiB at most.
const HELD_MAX: usize = 1024;

pub const UNAVAILABLE: u8 = 14;
pub const GONE: &str =
    "the sidecar behind the front does not run; reads are answered, other calls when it is started again";

/// A client's connection to the sidecar, made when its first call is handed on.
///
/// Each has one of its own, so that the sidecar's limits on a connection stay limits on a client.
#[derive(Clone)]
pub struct Upstream {
    path: Rc<PathBuf>,
    open: Rc<Mutex<Option<SendRequest<Bytes>>>>,
}

/// A call to hand on: what was read of its body, and where the rest comes from.
pub struct Call {
    pub head: request::Parts,
    pub read: Bytes,
    /// None when all of it was read.
    pub body: Option<RecvStream>,
    pub respond: Respond,
    pub client: Arc<Client>,
}

impl Upstream {
    pub fn new(path: PathBuf) -> Self {
        Self { path: Rc::new(path), open: Rc::default() }
    }

    /// Begins a call.
    async fn begin(&self, head: &request::Parts, ends: bool) -> Result<(ResponseFuture, SendStream<Bytes>), h2::Error> {
        let mut open = self.open.lock().await;
        if let Some(ready) = open.take() {
            // A connection that has ended says so here; a new one is made.
            if let Ok(ready) = ready.ready().await {
                return open.insert(ready).send_request(request(head)?, ends);
            }
        }
        let ready = self.connect().await?.ready().await?;
        open.insert(ready).send_request(request(head)?, ends)
    }

    /// Begins a call; where the sidecar has died, when it is there again.
    async fn begin_held(
        &self,
        front: &Front,
        head: &request::Parts,
        ends: bool,
    ) -> Result<(ResponseFuture, SendStream<Bytes>), h2::Error> {
        let began = Instant::now();
        let mut held = None;
        loop {
            let failed = match self.begin(head, ends).await {
                Ok(begun) => return Ok(begun),
                Err(failed) => failed,
            };
            let is_over = front.hold_until(began).is_none_or(|until| Instant::now() >= until);
            if is_over || alone::may_answer(head.uri.path()) {
                return Err(failed);
            }
            let _counted = held.get_or_insert_with(|| front.held.clone());
            if Rc::strong_count(&front.held) > HELD_MAX {
                return Err(failed);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn connect(&self) -> Result<SendRequest<Bytes>, h2::Error> {
        let io = UnixStream::connect(&*self.path).await.map_err(|_| h2::Error::from(Reason::REFUSED_STREAM))?;
        let (ready, connection) = h2::client::Builder::new()
            .initial_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_header_list_size(HEADER_BYTES_MAX)
            .max_send_buffer_size(SEND_BUFFER_BYTES)
            .data_frame_budget(FRAMES_BYTES_MAX)
            .enable_push(false)
            .handshake(Socket::of_sidecar(io))
            .await?;
        // It ends with the last of its callers, or with the sidecar.
        tokio::task::spawn_local(connection);
        Ok(ready)
    }
}

/// Hands a call on, and its answer back; says UNAVAILABLE when the sidecar has gone and does not come back in time.
pub async fn forward(front: Rc<Front>, upstream: Upstream, call: Call) {
    let Call { head, read, body, mut respond, client } = call;
    let ends = body.is_none() && read.is_empty();
    let begun = tokio::select! {
        begun = upstream.begin_held(&front, &head, ends) => begun,
        _ = poll_fn(|cx| respond.poll_reset(cx)) => return,
    };
    let Ok((response, sending)) = begun else {
        let path = head.uri.path();
        // Of a call that nobody answers nothing is read.
        let read = if alone::may_answer(path) { rest(read, body).await } else { Bytes::new() };
        return alone::answer(&front, path, &read, &head.headers, respond).await;
    };
    let upload = async {
        if !ends {
            upload(read, body, sending).await;
        }
        std::future::pending::<()>().await;
    };
    // The end of the answer ends the call, whatever of the request is still to come.
    tokio::select! {
        () = upload => {}
        () = download(response, respond, &client) => {}
    }
}

/// Returns a request with what is still to come of it; empty when that is more than anything answered alone has.
async fn rest(read: Bytes, body: Option<RecvStream>) -> Bytes {
    let Some(mut body) = body else { return read };
    let mut whole = read.to_vec();
    while let Some(Ok(data)) = body.data().await {
        // It fails for more than was read, which this is not.
        let _ = body.flow_control().release_capacity(data.len());
        whole.extend_from_slice(&data);
        if whole.len() > REQUEST_BYTES_MAX {
            return Bytes::new();
        }
    }
    whole.into()
}

fn request(head: &request::Parts) -> Result<Request<()>, h2::Error> {
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let uri = Uri::builder().scheme("http").authority("localhost").path_and_query(path).build();
    let mut request = Request::new(());
    *request.method_mut() = head.method.clone();
    *request.uri_mut() = uri.map_err(|_| h2::Error::from(Reason::PROTOCOL_ERROR))?;
    *request.headers_mut() = head.headers.clone();
    *request.version_mut() = http::Version::HTTP_2;
    Ok(request)
}

async fn upload(read: Bytes, body: Option<RecvStream>, mut sending: SendStream<Bytes>) {
    let Some(body) = body else {
        // The one request was read whole; the sidecar takes it as fast as it takes any.
        let _ = sending.send_data(read, true);
        return;
    };
    if !read.is_empty() && sending.send_data(read, false).is_err() {
        return;
    }
    if let Err(reason) = pump(body, &mut sending, None).await {
        sending.send_reset(reason);
    }
}

async fn download(response: ResponseFuture, mut respond: Respond, client: &Arc<Client>) {
    let answered = tokio::select! {
        answered = response => answered,
        // The client gave up: dropping what comes back tells the sidecar.
        _ = poll_fn(|cx| respond.poll_reset(cx)) => return,
    };
    let response = match answered {
        Ok(response) => response,
        Err(error) if error.is_reset() && error.is_remote() => {
            return respond.reset(error.reason().unwrap_or(Reason::INTERNAL_ERROR));
        }
        Err(_) => return respond.end(status(UNAVAILABLE, GONE)),
    };
    let (head, body) = response.into_parts();
    let ends = body.is_end_stream();
    let mut sending = match respond {
        Respond::Waiting(mut respond) => match respond.send_response(Response::from_parts(head, ()), ends) {
            Ok(sending) => sending,
            Err(_) => return,
        },
        // A call refused at once has its trailers in place of headers, of which one kind was sent.
        mut begun @ Respond::Begun(_) if ends => {
            let mut trailers = head.headers;
            response_headers().keys().for_each(|name| drop(trailers.remove(name)));
            return begun.end(trailers);
        }
        Respond::Begun(sending) => sending,
    };
    if !ends {
        match pump(body, &mut sending, Some(client)).await {
            Ok(()) => {}
            Err(Reason::REFUSED_STREAM) => drop(sending.send_trailers(status(UNAVAILABLE, GONE))),
            Err(reason) => sending.send_reset(reason),
        }
    }
}

/// Passes a body on, as fast as its taker takes it, with the trailers at its end; an answer is counted as its client's.
///
/// # Errors
/// The giver or the taker reset the stream; `REFUSED_STREAM` when the giver's connection ended.
async fn pump(
    mut body: RecvStream,
    sending: &mut SendStream<Bytes>,
    client: Option<&Arc<Client>>,
) -> Result<(), Reason> {
    loop {
        let data = tokio::select! {
            data = body.data() => data,
            reason = poll_fn(|cx| sending.poll_reset(cx)), if client.is_some() => return Err(reason.unwrap_or(Reason::CANCEL)),
        };
        match data {
            Some(Ok(bytes)) => {
                let size = bytes.len();
                pass(client.map_or(bytes.clone(), |client| client.counted(bytes)), sending).await?;
                // Only now: what was not taken is not asked for.
                let _ = body.flow_control().release_capacity(size);
            }
            Some(Err(error)) => return Err(reason_of(&error)),
            None => break,
        }
    }
    let ended = match body.trailers().await {
        Ok(Some(trailers)) => sending.send_trailers(trailers),
        Ok(None) => sending.send_data(Bytes::new(), true),
        Err(error) => return Err(reason_of(&error)),
    };
    ended.map_err(|_| Reason::CANCEL)
}

/// Sends bytes as fast as they are taken.
///
/// # Errors
/// The taker is gone.
pub async fn pass(mut bytes: Bytes, sending: &mut SendStream<Bytes>) -> Result<(), Reason> {
    while !bytes.is_empty() {
        sending.reserve_capacity(bytes.len());
        let mut room = sending.capacity();
        if room == 0 {
            room = match poll_fn(|cx| sending.poll_capacity(cx)).await {
                Some(Ok(room)) => room,
                _ => return Err(Reason::CANCEL),
            };
        }
        let piece = bytes.split_to(room.min(bytes.len()));
        sending.send_data(piece, false).map_err(|_| Reason::CANCEL)?;
    }
    Ok(())
}

fn reason_of(error: &h2::Error) -> Reason {
    if error.is_reset() {
        error.reason().unwrap_or(Reason::CANCEL)
    } else {
        Reason::REFUSED_STREAM
    }
}
