//! The protocol by hand, for what no client says. In: frames. Out: frames.

use std::time::Duration;

use cell_node::key::Key;
use cell_node::protocol::{Answer, Greeting, Refused, Request, VERSION, Welcome};
use cell_node::transport::{self, Connection};

use crate::Error;
use crate::site::{LONG, Site};

/// A connection that may say anything.
pub(crate) struct Wire(pub(crate) Connection);

impl Wire {
    /// Connects, and greets with a version of the protocol.
    pub(crate) async fn greet(site: &Site, key: &Key, protocol: u32) -> Result<(Self, Welcome), Error> {
        let mut connection = transport::connect(&site.address.to_string(), key, None, Duration::from_secs(5)).await?;
        connection.send(&Greeting { protocol, cell: "0.0.0".to_owned() }).await?;
        let welcome = connection.receive::<Welcome>().await?.ok_or("no welcome")?;
        Ok((Self(connection), welcome))
    }

    pub(crate) async fn open(site: &Site, key: &Key) -> Result<Self, Error> {
        Ok(Self::greet(site, key, VERSION).await?.0)
    }

    /// What a request is answered with, after its events.
    pub(crate) async fn call(&mut self, request: &Request) -> Result<Answer, Error> {
        self.0.send(request).await?;
        self.answer().await
    }

    /// Sends a chunk's bytes behind its request.
    pub(crate) async fn chunk(&mut self, request: &Request, bytes: &[u8]) -> Result<Answer, Error> {
        self.0.send(request).await?;
        self.0.send_bytes(bytes).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> Result<Answer, Error> {
        loop {
            let answer = tokio::time::timeout(LONG, self.0.receive::<Answer>()).await??;
            match answer.ok_or("the node hung up")? {
                Answer::Event(_) => {}
                answer => return Ok(answer),
            }
        }
    }
}

/// The refusal in an answer.
#[track_caller]
pub(crate) fn refusal(answer: Answer) -> Refused {
    match answer {
        Answer::Refused(refused) => refused,
        answer => panic!("not refused, but {answer:?}"),
    }
}
