use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

use crate::Error;
use crate::token::{self, Token};

/// After which waits a call that finds nobody is made again. A sidecar that restarts is back within a second, most
/// often within half of one. Each call may be made again: reads change nothing, and events and feedback count once by
/// their id.
const WAITS_MS: [u64; 3] = [50, 100, 200];

/// The connection to a sidecar. It is patient once: after waiting in vain calls are made a single time, which fails
/// within milliseconds, until one is answered.
pub(crate) struct Sidecar {
    pub target: String,
    pub channel: Channel,
    pub is_gone: AtomicBool,
}

impl Sidecar {
    /// Makes a call until somebody is there to answer.
    pub async fn call<Q, A, F, C>(
        &self,
        request: Q,
        within: Duration,
        token: Option<&Token>,
        make: C,
    ) -> Result<A, Error>
    where
        Q: Clone,
        F: Future<Output = Result<Response<A>, Status>>,
        C: Fn(Channel, Request<Q>) -> F,
    {
        let deadline = Instant::now() + within;
        let mut waits = WAITS_MS.iter().filter(|_| !self.is_gone.load(Ordering::Relaxed));
        loop {
            let mut asked = Request::new(request.clone());
            asked.set_timeout(deadline - Instant::now());
            if let Some(token) = token {
                asked.metadata_mut().insert("authorization", token::authorization(token)?);
            }
            let error = match timeout_at(deadline, make(self.channel.clone(), asked)).await {
                Ok(Ok(answer)) => {
                    self.is_gone.store(false, Ordering::Relaxed);
                    return Ok(answer.into_inner());
                }
                Ok(Err(status)) => Error::service(&self.target, status),
                Err(_) => Error::late(&self.target),
            };
            let is_passing = error.reason == if error.from_sidecar { "DRAINING" } else { "UNAVAILABLE" };
            let wait = waits.next().map(|ms| Duration::from_millis(*ms));
            match wait.filter(|wait| is_passing && Instant::now() + *wait < deadline) {
                Some(wait) => sleep(wait).await,
                None => {
                    self.is_gone.store(is_passing, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
    }
}
