//! More than one client, and clients that hang up: a deploy is carried on by nobody else, and ended where nobody is left.

use cell_node::client::CallError;
use serde_json::Value;

use crate::Outcome;
use crate::goods::Goods;
use crate::site::{Site, carry_out, refused, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_deploys_at_a_time() -> Outcome {
    let mut site = Site::open().await?;
    let bundle = Goods::new(1)?.pack(site.folder())?;
    let (mut one, mut other) = (site.client().await?, site.client().await?);
    one.send(&bundle.archive, &bundle.index, &mut |_, _| {}).await?;
    let order = bundle.order(0, site.http);
    let begin: String = site.key.public().to_string().chars().take(12).collect();
    one.stage(&order, &mut |_| {}).await?;
    for switched in [false, true] {
        if switched {
            one.switch("clock", &mut |_| {}).await?;
        }
        assert_eq!(refused(other.stage(&order, &mut |_| {}).await).code, "deploy-under-way");
        assert_eq!(refused(other.switch("clock", &mut |_| {}).await).code, "nothing-staged");
        assert_eq!(refused(other.finish("clock", &mut |_| {}).await).code, "nothing-staged");
        assert_eq!(refused(other.abandon("clock").await).code, "nothing-staged");
        assert_eq!(other.deployed("clock").await?.under_way.as_ref(), Some(&begin));
    }
    one.finish("clock", &mut |_| {}).await?;
    assert_eq!(other.deployed("clock").await?.under_way, None);
    carry_out(&mut other, &bundle.order(1, site.http)).await?;
    assert_eq!(site.ask().await?, "\"1\"");
    site.end(true).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_hangs_up_leaves_a_deploy_that_ends_by_itself() -> Outcome {
    let mut site = Site::open().await?;
    let (first, second) = (Goods::new(1)?.pack(site.folder())?, Goods::new(2)?.pack(site.folder())?);
    site.deploy(&first).await?;
    let (record, processes) = (site.record()?, site.processes());
    let mut client = site.client().await?;
    client.send(&second.archive, &second.index, &mut |_, _| {}).await?;

    // Back where nothing has switched.
    client.stage(&second.order(1, site.http), &mut |_| {}).await?;
    drop(client);
    until(async || Ok(site.record()?["journal"] == Value::Null)).await?;
    assert_eq!((site.record()?["current"].clone(), site.processes()), (record["current"].clone(), processes.clone()));
    assert_eq!(site.ask().await?, "\"1\"");

    // On where it has.
    let mut client = site.client().await?;
    client.stage(&second.order(1, site.http), &mut |_| {}).await?;
    client.switch("clock", &mut |_| {}).await?;
    drop(client);
    until(async || Ok(site.record()?["journal"] == Value::Null)).await?;
    assert!(site.processes().is_disjoint(&processes));
    assert_eq!((site.record()?["generation"].clone(), site.ask().await?.as_str()), (2.into(), "\"2\""));
    site.end(true).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_waits_gets_its_turn_when_the_other_hangs_up() -> Outcome {
    let mut site = Site::open().await?;
    let (first, second) = (Goods::new(1)?.pack(site.folder())?, Goods::new(2)?.pack(site.folder())?);
    let mut waiting = site.client().await?;
    for bundle in [&first, &second] {
        waiting.send(&bundle.archive, &bundle.index, &mut |_, _| {}).await?;
    }
    for turn in 0..8 {
        let mut client = site.client().await?;
        client.send(&first.archive, &first.index, &mut |_, _| {}).await?;
        let generation = client.deployed("clock").await?.generation;
        client.stage(&first.order(generation, site.http), &mut |_| {}).await?;
        if turn % 2 == 1 {
            client.switch("clock", &mut |_| {}).await?;
        }
        drop(client);
        // Its turn comes when the deploy of the other has been ended, and not while it is: its own would be ended with it.
        let staged = loop {
            let order = second.order(generation + turn % 2, site.http);
            match waiting.stage(&order, &mut |_| {}).await {
                Err(CallError::Refused(refused)) if refused.code == "deploy-under-way" => {}
                staged => break staged,
            }
        };
        staged?;
        waiting.switch("clock", &mut |_| {}).await?;
        waiting.finish("clock", &mut |_| {}).await?;
        assert_eq!((site.processes().len(), site.ask().await?.as_str()), (1, "\"2\""));
    }
    site.end(true).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_hangs_up_in_the_midst_of_a_call_is_noticed() -> Outcome {
    let mut site = Site::open().await?;
    let (good, hangs) = (Goods::new(1)?.pack(site.folder())?, Goods::script(2, "exec sleep 600").pack(site.folder())?);
    let mut client = site.client().await?;
    client.send(&hangs.archive, &hangs.index, &mut |_, _| {}).await?;
    let (order, staging) = (hangs.order(0, site.http), std::sync::Arc::new(tokio::sync::Notify::new()));
    let begun = std::sync::Arc::clone(&staging);
    let call = tokio::spawn(async move { client.stage(&order, &mut |_| begun.notify_one()).await });
    staging.notified().await;
    until(async || Ok(site.processes().len() == 1)).await?;
    call.abort();
    // It would take 15 s until the process is late.
    let begun = std::time::Instant::now();
    until(async || Ok(site.processes().is_empty())).await?;
    site.deploy(&good).await?;
    assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(site.ask().await?, "\"1\"");
    site.end(true).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_send_the_same_bundle_do_not_disturb_each_other() -> Outcome {
    let mut site = Site::open().await?;
    let bundle = Goods::new(1)?.file("cell/noise", vec![7; 3 << 20]).pack(site.folder())?;
    let sending = (0..6).map(|_| async {
        let mut client = site.client().await?;
        client.send(&bundle.archive, &bundle.index, &mut |_, _| {}).await
    });
    for sent in futures_util::future::join_all(sending).await {
        sent?;
    }
    assert!(site.inside("incoming").is_empty());
    site.deploy(&bundle).await?;
    site.end(true).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_being_sent_is_not_thrown_away_by_a_deploy_that_ends() -> Outcome {
    let mut site = Site::open().await?;
    let (first, second) = (Goods::new(1)?.pack(site.folder())?, Goods::new(2)?.pack(site.folder())?);
    let file = std::fs::File::open(&second.archive)?;
    let mut wire = crate::wire::Wire::open(&site, &site.key).await?;
    use cell_node::protocol::{Answer, Request};
    wire.call(&Request::Missing(second.index.clone())).await?;
    for (place, chunk) in second.index.places() {
        let bytes = cell_node::bundle::read_chunk(&file, place, chunk)?;
        assert_eq!(wire.chunk(&Request::Chunk(chunk.hash), &bytes).await?, Answer::Done);
    }
    site.deploy(&first).await?;
    assert_eq!(wire.call(&Request::Commit(second.index.clone())).await?, Answer::Done);
    drop(wire);
    site.deploy(&second).await?;
    assert_eq!(site.ask().await?, "\"2\"");
    site.end(true).await;
    Ok(())
}
