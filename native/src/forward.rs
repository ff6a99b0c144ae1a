//! Handing a call on to the sidecar and its answer back, frame by frame and unparsed.

use std::future::poll_fn;
use std::path::PathBuf;
use std::rc::Rc;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{request, HeaderMap, HeaderValue, Request, Response, Uri};
use tokio::net::UnixStream;
use tokio::sync::Mutex;

use crate::alone;
use crate::connection::{response_headers, REQUEST_BYTES_MAX};
use crate::front::Front;
use crate::socket::Socket;

/// What the sidecar may send of one answer, and of all of a connection, before the client has taken it.
const STREAM_WINDOW_BYTES: u32 = 1 << 18;
const CONNECTION_WINDOW_BYTES: u32 = 1 << 20;
const HEADER_BYTES_MAX: u32 = 65_536;

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
    pub respond: SendResponse<Bytes>,
}

impl Upstream {
    pub fn new(path: PathBuf) -> Self {
        Self { path: Rc::new(path), open: Rc::default() }
    }

    /// Begins a call.
    async fn begin(&self, request: Request<()>, ends: bool) -> Result<(ResponseFuture, SendStream<Bytes>), h2::Error> {
        let mut open = self.open.lock().await;
        if let Some(ready) = open.take() {
            // A connection that has ended says so here; a new one is made.
            if let Ok(ready) = ready.ready().await {
                return open.insert(ready).send_request(request, ends);
            }
        }
        let ready = self.connect().await?.ready().await?;
        open.insert(ready).send_request(request, ends)
    }

    async fn connect(&self) -> Result<SendRequest<Bytes>, h2::Error> {
        let io = UnixStream::connect(&*self.path).await.map_err(|_| h2::Error::from(Reason::REFUSED_STREAM))?;
        let (ready, connection) = h2::client::Builder::new()
            .initial_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_header_list_size(HEADER_BYTES_MAX)
            .enable_push(false)
            .handshake(Socket::of_sidecar(io))
            .await?;
        // It ends with the last of its callers, or with the sidecar.
        tokio::task::spawn_local(connection);
        Ok(ready)
    }
}

/// Hands a call on, and its answer back; says UNAVAILABLE when the sidecar has gone.
pub async fn forward(front: Rc<Front>, upstream: Upstream, call: Call) {
    let Call { head, read, body, mut respond } = call;
    let ends = body.is_none() && read.is_empty();
    let path = head.uri.path().to_owned();
    let Some(request) = request(head) else { return respond.send_reset(Reason::PROTOCOL_ERROR) };
    let begun = tokio::select! {
        begun = upstream.begin(request, ends) => begun,
        _ = poll_fn(|cx| respond.poll_reset(cx)) => return,
    };
    let Ok((response, sending)) = begun else {
        let read = rest(read, body).await;
        return alone::answer(&front, &path, &read, respond).await;
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
        () = download(response, respond) => {}
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

fn request(head: request::Parts) -> Option<Request<()>> {
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let uri = Uri::builder().scheme("http").authority("localhost").path_and_query(path).build().ok()?;
    let mut request = Request::new(());
    *request.method_mut() = head.method;
    *request.uri_mut() = uri;
    *request.headers_mut() = head.headers;
    *request.version_mut() = http::Version::HTTP_2;
    Some(request)
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
    if let Err(reason) = pump(body, &mut sending, true).await {
        sending.send_reset(reason);
    }
}

async fn download(response: ResponseFuture, mut respond: SendResponse<Bytes>) {
    let answered = tokio::select! {
        answered = response => answered,
        // The client gave up: dropping what comes back tells the sidecar.
        _ = poll_fn(|cx| respond.poll_reset(cx)) => return,
    };
    let response = match answered {
        Ok(response) => response,
        Err(error) if error.is_reset() && error.is_remote() => {
            return respond.send_reset(error.reason().unwrap_or(Reason::INTERNAL_ERROR));
        }
        Err(_) => return refuse(&mut respond, UNAVAILABLE, GONE),
    };
    let (head, body) = response.into_parts();
    let ends = body.is_end_stream();
    let Ok(mut sending) = respond.send_response(Response::from_parts(head, ()), ends) else { return };
    if !ends {
        match pump(body, &mut sending, false).await {
            Ok(()) => {}
            Err(Reason::REFUSED_STREAM) => drop(sending.send_trailers(status(UNAVAILABLE, GONE))),
            Err(reason) => sending.send_reset(reason),
        }
    }
}

/// Passes a body on, as fast as its taker takes it, with the trailers at its end.
///
/// # Errors
/// The giver or the taker reset the stream; `REFUSED_STREAM` when the giver's connection ended.
async fn pump(mut body: RecvStream, sending: &mut SendStream<Bytes>, is_request: bool) -> Result<(), Reason> {
    loop {
        let data = tokio::select! {
            data = body.data() => data,
            reason = poll_fn(|cx| sending.poll_reset(cx)), if !is_request => return Err(reason.unwrap_or(Reason::CANCEL)),
        };
        match data {
            Some(Ok(bytes)) => {
                let size = bytes.len();
                pass(bytes, sending).await?;
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

async fn pass(mut bytes: Bytes, sending: &mut SendStream<Bytes>) -> Result<(), Reason> {
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

/// Ends a call with a status and nothing else.
pub fn refuse(respond: &mut SendResponse<Bytes>, code: u8, message: &'static str) {
    let mut response = Response::new(());
    let mut headers = response_headers();
    headers.extend(status(code, message));
    *response.headers_mut() = headers;
    // It fails only when the client has gone meanwhile.
    let _ = respond.send_response(response, true);
}

/// Trailers with a status; a message has no letter that would need percent-encoding.
pub fn status(code: u8, message: &'static str) -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(2);
    trailers.insert("grpc-status", HeaderValue::from(u16::from(code)));
    if !message.is_empty() {
        trailers.insert("grpc-message", HeaderValue::from_static(message));
    }
    trailers
}
