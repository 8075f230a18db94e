//! Who may do what: keys that the node does not know, that may look, and that may deploy; and codes.

use cell_node::client::CallError;
use cell_node::digest::Digest;
use cell_node::key::Key;
use cell_node::peers::Role;
use cell_node::protocol::{Answer, LogRequest, Request, VERSION};

use crate::goods::Goods;
use crate::site::{Site, refused};
use crate::wire::{Wire, refusal};
use crate::{Error, Outcome};

/// Everything that changes something. A chunk has its bytes behind it.
fn changes(site: &Site) -> Result<Vec<Request>, Error> {
    let bundle = Goods::new(1)?.pack(site.folder())?;
    let application = "clock".to_owned();
    Ok(vec![
        Request::Missing(bundle.index.clone()),
        Request::Chunk(Digest::of(b"a chunk")),
        Request::Commit(bundle.index.clone()),
        Request::Stage(Box::new(bundle.order(0, site.http))),
        Request::Switch(application.clone()),
        Request::Finish(application.clone()),
        Request::Abandon(application),
    ])
}

fn looks() -> Vec<Request> {
    let application = "clock".to_owned();
    let logs = LogRequest { application: application.clone(), process: None, lines: 5, follow: false };
    vec![Request::Application(application), Request::Applications, Request::Logs(logs)]
}

/// The code that a request is refused with, or none.
async fn asked(wire: &mut Wire, request: &Request) -> Result<Option<String>, Error> {
    let answer = match request {
        Request::Chunk(_) => wire.chunk(request, b"a chunk").await?,
        _ => wire.call(request).await?,
    };
    Ok(match answer {
        Answer::Refused(refused) => Some(refused.code),
        _ => None,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_key_may_only_pair() -> Outcome {
    let site = Site::open().await?;
    let stranger = Key::generate()?;
    let (mut wire, welcome) = Wire::greet(&site, &stranger, VERSION).await?;
    assert_eq!(welcome.role, None);
    for request in changes(&site)?.iter().chain(&looks()) {
        assert_eq!(asked(&mut wire, request).await?.as_deref(), Some("unknown-key"), "{request:?}");
    }
    assert!(site.inside("chunks").is_empty() && site.inside("applications").is_empty());
    // It is known now, on this very connection and on the next.
    let code = site.code(Role::Observe)?;
    let mut client = site.client_of(&stranger).await?;
    assert_eq!(client.pair(&code, "a\nname \u{7}").await?, Role::Observe);
    assert!(client.all().await?.is_empty());
    assert_eq!(site.client_of(&stranger).await?.welcome.role, Some(Role::Observe));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_observes_may_look_and_nothing_else() -> Outcome {
    let mut site = Site::open().await?;
    site.deploy(&Goods::new(7)?.pack(site.folder())?).await?;
    let observer = Key::generate()?;
    site.client_of(&observer).await?.pair(&site.code(Role::Observe)?, "observer").await?;
    let record = site.record()?;
    let mut wire = Wire::open(&site, &observer).await?;
    for request in changes(&site)? {
        assert_eq!(asked(&mut wire, &request).await?.as_deref(), Some("key-observes"), "{request:?}");
        // The connection is still of use, also where bytes came behind the request.
        for request in looks() {
            assert_eq!(asked(&mut wire, &request).await?, None, "{request:?}");
        }
    }
    assert_eq!((site.record()?, site.ask().await?.as_str()), (record, "\"7\""));
    // The key gets the role of a later code.
    let mut client = site.client_of(&observer).await?;
    client.pair(&site.code(Role::Deploy)?, "observer").await?;
    client
        .send(&Goods::new(8)?.pack(site.folder())?.archive, &Goods::new(8)?.pack(site.folder())?.index, &mut |_, _| {})
        .await?;
    site.end(true).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_good_once_and_a_wrong_one_never() -> Outcome {
    let site = Site::open().await?;
    let (one, other) = (Key::generate()?, Key::generate()?);
    let code = site.code(Role::Deploy)?;
    let mut client = site.client_of(&one).await?;
    let wrong = cell_node::pairing::Code::generate()?;
    let refusal_of_wrong = refused(client.pair(&wrong, "one").await);
    assert_eq!(refusal_of_wrong.code, "wrong-code");
    assert!(!format!("{refusal_of_wrong:?}").contains(&code.to_string()));
    assert_eq!(refused(client.all().await).code, "unknown-key");
    // The proof of one connection is none on another.
    let mut wire = Wire::open(&site, &other).await?;
    let proof = cell_node::pairing::proof(&code, &[0; 32], cell_node::pairing::Side::Client);
    let request = Request::Pair { proof, label: "other".to_owned() };
    assert_eq!(refusal(wire.call(&request).await?).code, "wrong-code");

    assert_eq!(client.pair(&code, "one").await?, Role::Deploy);
    let mut second = site.client_of(&other).await?;
    assert_eq!(refused(second.pair(&code, "other").await).code, "wrong-code");
    assert_eq!(refused(client.pair(&code, "one").await).code, "wrong-code");
    assert!(client.all().await?.is_empty(), "what it may do stays");

    // A code that was guessed at too often is none any more.
    let code = site.code(Role::Deploy)?;
    for _ in 0..6 {
        assert_eq!(refused(second.pair(&wrong, "other").await).code, "wrong-code");
    }
    assert_eq!(refused(second.pair(&code, "other").await).code, "wrong-code");
    // A new code ends the one before.
    let before = site.code(Role::Deploy)?;
    let code = site.code(Role::Observe)?;
    assert_eq!(refused(second.pair(&before, "other").await).code, "wrong-code");
    assert_eq!(second.pair(&code, "other").await?, Role::Observe);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_with_another_key_is_no_node() -> Outcome {
    let site = Site::open().await?;
    let another = Key::generate()?;
    let connected =
        cell_node::client::Client::connect(&site.address.to_string(), &site.key, Some(another.public())).await;
    assert!(matches!(connected, Err(CallError::Transport(_))), "{connected:?}");
    Ok(())
}
