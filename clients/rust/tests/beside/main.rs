//! Tests beside running daemons, in one binary: each further one would be linked with all of gRPC again.

mod client;
mod settings;

#[cfg(feature = "local")]
mod local;
#[cfg(feature = "local")]
mod stores;
#[cfg(feature = "local")]
mod vectors;
