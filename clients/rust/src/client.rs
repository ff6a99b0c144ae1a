use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tonic::transport::{Channel, Endpoint};

use crate::defaults::default_profile;
use crate::reach::Sidecar;
use crate::token::{self, Token};
use crate::{Error, v1};
use v1::activity_service_client::ActivityServiceClient;
use v1::operator_service_client::OperatorServiceClient;
use v1::profile_service_client::ProfileServiceClient;
use v1::ranking_service_client::RankingServiceClient;

/// Users or events that one call takes.
const BATCH_MAX: usize = 1000;
/// An application should rather go without a foreword than wait for one.
const TIMEOUT: Duration = Duration::from_secs(2);
/// 1,000 profiles of 20 KB are larger than gRPC's own limit of 4 MB; the sidecar is trusted.
const RECEIVE_BYTES_MAX: usize = 64 << 20;

type OnError = Arc<dyn Fn(&Error) + Send + Sync>;

/// Calls a sidecar. It connects at the first call, and again when the sidecar is back; clones share the connection.
///
/// Reads never fail: without a sidecar a text is empty, a profile is the default one with `Freshness::Unspecified`,
/// which no sidecar sends, and candidates stand as they were given; what went wrong is told to [`Client::on_error`].
/// What begins with `try_` returns it instead.
#[derive(Clone)]
pub struct Client {
    sidecar: Arc<Sidecar>,
    namespace: String,
    timeout: Duration,
    on_error: OnError,
    token: Option<Token>,
}

/// How long a text may be, and for which session.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The budget; 0 and more than 200 mean 200.
    pub max_tokens: u32,
    /// The running session, whose newest events are to be named within the budget; empty for none.
    pub session_id: String,
}

/// An order of candidates.
#[derive(Clone, Debug)]
pub struct Ranking {
    /// The candidates as they were given, best first.
    pub order: Vec<v1::Candidate>,
    /// False where nobody ranked: the candidates then stand as they were given.
    pub is_ranked: bool,
    /// Names the order, for [`Client::feedback`]; empty when it was not logged.
    pub decision_id: String,
    /// The sidecar's answer, with scores and propensities; empty where nobody ranked.
    pub response: v1::RankActionsResponse,
}

impl Client {
    /// Returns a client of the sidecar at `unix:PATH` or `HOST:PORT`. Must be called within a Tokio runtime.
    pub fn new(target: &str) -> Result<Self, Error> {
        let uri = if target.starts_with("unix:") || target.contains("://") {
            target.to_owned()
        } else {
            format!("http://{target}")
        };
        let endpoint = Endpoint::from_shared(uri)
            .map_err(|exc| Error::field("target", target, "unix:PATH or HOST:PORT").source(exc))?;
        Ok(Self::of_channel(target, endpoint.connect_timeout(Duration::from_secs(1)).connect_lazy()))
    }

    /// Returns a client on a channel of your own, for instance with TLS.
    pub fn of_channel(target: &str, channel: Channel) -> Self {
        let sidecar = Sidecar { target: target.to_owned(), channel, is_gone: AtomicBool::new(false) };
        let (namespace, on_error) = (String::new(), Arc::new(|_: &Error| ()));
        Self { sidecar: Arc::new(sidecar), namespace, timeout: TIMEOUT, on_error, token: None }
    }

    /// Returns a client on the same connection for users of a namespace.
    pub fn within(&self, namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), ..self.clone() }
    }

    /// Sets the longest time of one call, repeated tries included; 2 seconds unless set.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Has each call say who calls, for a sidecar that asks. It is sent in clear text to this machine alone: elsewhere the
    /// target must say `https://`.
    pub fn token(self, token: impl Into<String>) -> Result<Self, Error> {
        let token = token.into();
        self.with(Arc::new(move || Ok(token.clone())))
    }

    /// As [`Client::token`], for a file that holds one. It is read anew when it changes; while it is empty or not there
    /// the former token stays in force.
    pub fn token_file(self, path: impl Into<PathBuf>) -> Result<Self, Error> {
        self.with(token::of_file(path.into()))
    }

    fn with(self, token: Token) -> Result<Self, Error> {
        token::check_target(&self.sidecar.target)?;
        Ok(Self { token: Some(token), ..self })
    }

    /// Sets what is told of the failures that are not returned; nothing is unless set.
    pub fn on_error(self, tell: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        Self { on_error: Arc::new(tell), ..self }
    }

    /// Returns the connection, for the calls that this crate does not wrap; they carry no token of themselves.
    pub fn channel(&self) -> Channel {
        self.sidecar.channel.clone()
    }

    /// Returns the prompt-ready text about a user; empty when nothing is known.
    pub async fn text(&self, user_id: &str, asked: Asked) -> String {
        self.foreword(user_id, asked).await.text
    }

    /// Returns the text with its revision, etag, freshness and cuts.
    pub async fn foreword(&self, user_id: &str, asked: Asked) -> v1::GetForewordResponse {
        self.told(self.try_foreword(user_id, asked).await).unwrap_or_default()
    }

    /// As [`Client::foreword`], or why not.
    pub async fn try_foreword(&self, user_id: &str, asked: Asked) -> Result<v1::GetForewordResponse, Error> {
        let (user_id, namespace) = (user_id.to_owned(), self.namespace.clone());
        let Asked { max_tokens, session_id } = asked;
        let request = v1::GetForewordRequest { user_id, namespace, max_tokens, session_id };
        self.sidecar
            .call(request, self.timeout, self.token.as_ref(), |channel, request| async move {
                ProfileServiceClient::new(channel).get_foreword(request).await
            })
            .await
    }

    /// Returns the profile of a user and how current it is.
    pub async fn profile(&self, user_id: &str) -> v1::GetProfileResponse {
        self.told(self.try_profile(user_id).await).unwrap_or_else(|| self.no_profile(user_id))
    }

    /// As [`Client::profile`], or why not.
    pub async fn try_profile(&self, user_id: &str) -> Result<v1::GetProfileResponse, Error> {
        let request = v1::GetProfileRequest { user_id: user_id.to_owned(), namespace: self.namespace.clone() };
        self.sidecar
            .call(request, self.timeout, self.token.as_ref(), |channel, request| async move {
                ProfileServiceClient::new(channel).get_profile(request).await
            })
            .await
    }

    /// Returns the profiles of any number of users, in order, by calls of 1,000.
    pub async fn profiles(&self, user_ids: &[&str]) -> Vec<v1::GetProfileResponse> {
        let mut found = Vec::with_capacity(user_ids.len());
        for batch in user_ids.chunks(BATCH_MAX) {
            match self.told(self.batch(batch).await) {
                Some(results) => found.extend(results),
                None => found.extend(batch.iter().map(|user_id| self.no_profile(user_id))),
            }
        }
        found
    }

    /// As [`Client::profiles`], or why not.
    pub async fn try_profiles(&self, user_ids: &[&str]) -> Result<Vec<v1::GetProfileResponse>, Error> {
        let mut found = Vec::with_capacity(user_ids.len());
        for batch in user_ids.chunks(BATCH_MAX) {
            found.extend(self.batch(batch).await?);
        }
        Ok(found)
    }

    /// Records events by calls of 1,000, and returns once the kept ones are on disk; those that break a limit are
    /// named in the answer.
    ///
    /// An event without an id gets one, so that it counts once however often it is sent. After an error some may be
    /// recorded: those with an id of your own can be sent again.
    pub async fn record(&self, events: Vec<v1::Event>) -> Result<v1::RecordEventsResponse, Error> {
        let mut sum = v1::RecordEventsResponse::default();
        for (number, batch) in events.chunks(BATCH_MAX).enumerate() {
            let named = batch.iter().map(|event| self.named(event)).collect();
            let request = v1::RecordEventsRequest { events: named, ..Default::default() };
            let response = self
                .sidecar
                .call(request, self.timeout, self.token.as_ref(), |channel, request| async move {
                    ActivityServiceClient::new(channel).record_events(request).await
                })
                .await?;
            sum.accepted_count += response.accepted_count;
            sum.duplicate_count += response.duplicate_count;
            sum.refused.extend(
                response
                    .refused
                    .into_iter()
                    .map(|refused| v1::RefusedEvent { index: refused.index + (number * BATCH_MAX) as u32, ..refused }),
            );
        }
        Ok(sum)
    }

    /// Returns candidates in the order in which they suit a user now.
    pub async fn rank(&self, request: v1::RankActionsRequest) -> Ranking {
        let mut given = request.candidates.clone();
        if request.limit > 0 {
            given.truncate(request.limit as usize);
        }
        let unranked =
            Ranking { order: given, is_ranked: false, decision_id: String::new(), response: Default::default() };
        self.told(self.try_rank(request).await).unwrap_or(unranked)
    }

    /// As [`Client::rank`], or why not.
    pub async fn try_rank(&self, mut request: v1::RankActionsRequest) -> Result<Ranking, Error> {
        self.fill(&mut request.namespace);
        let given = request.candidates.clone();
        let response = self
            .sidecar
            .call(request, self.timeout, self.token.as_ref(), |channel, request| async move {
                RankingServiceClient::new(channel).rank_actions(request).await
            })
            .await?;
        let order = response.order.iter().filter_map(|place| given.get(*place as usize).cloned()).collect();
        let is_ranked = !response.order.is_empty();
        Ok(Ranking { order, is_ranked, decision_id: response.decision_id.clone(), response })
    }

    /// Tells what a user said of an action: by the decision of a ranking, or by user and action. Of an order that
    /// nobody ranked, which has no decision, nothing is learned and nothing sent. A user beside a decision is whose it
    /// must be.
    pub async fn feedback(&self, mut said: v1::RecordFeedbackRequest) -> Result<v1::RecordFeedbackResponse, Error> {
        if said.decision_id.is_empty() {
            if said.action.is_none() && said.user_id.is_empty() {
                return Ok(Default::default());
            }
            if said.feedback_id.is_empty() {
                said.feedback_id = new_id();
            }
        }
        self.fill(&mut said.namespace);
        self.sidecar
            .call(said, self.timeout, self.token.as_ref(), |channel, request| async move {
                RankingServiceClient::new(channel).record_feedback(request).await
            })
            .await
    }

    /// Returns counts, freshness and what is wrong now.
    pub async fn status(&self) -> Result<v1::GetStatusResponse, Error> {
        self.sidecar
            .call(v1::GetStatusRequest::default(), self.timeout, self.token.as_ref(), |channel, request| async move {
                OperatorServiceClient::new(channel).get_status(request).await
            })
            .await
    }

    async fn batch(&self, user_ids: &[&str]) -> Result<Vec<v1::GetProfileResponse>, Error> {
        let user_ids = user_ids.iter().map(|user_id| user_id.to_string()).collect();
        let request = v1::BatchGetProfilesRequest { user_ids, namespace: self.namespace.clone() };
        let response = self
            .sidecar
            .call(request, self.timeout, self.token.as_ref(), |channel, request| async move {
                let client = ProfileServiceClient::new(channel).max_decoding_message_size(RECEIVE_BYTES_MAX);
                { client }.batch_get_profiles(request).await
            })
            .await?;
        Ok(response.results)
    }

    fn told<T>(&self, result: Result<T, Error>) -> Option<T> {
        result.inspect_err(|error| (self.on_error)(error)).ok()
    }

    fn no_profile(&self, user_id: &str) -> v1::GetProfileResponse {
        v1::GetProfileResponse { profile: Some(default_profile(user_id, &self.namespace)), ..Default::default() }
    }

    fn named(&self, event: &v1::Event) -> v1::Event {
        let mut named = event.clone();
        self.fill(&mut named.namespace);
        if named.event_id.is_empty() {
            named.event_id = new_id();
        }
        named
    }

    fn fill(&self, namespace: &mut String) {
        if namespace.is_empty() {
            namespace.clone_from(&self.namespace);
        }
    }
}

fn new_id() -> String {
    let mut id = [0; 16];
    getrandom::fill(&mut id).expect("the system gives random bytes");
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}
