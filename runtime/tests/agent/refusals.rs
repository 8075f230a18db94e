//! Orders that a node does not carry out, and what then is as it was.

use std::time::Duration;

use cell_node::protocol::Wanted;
use serde_json::Value;

use crate::Outcome;
use crate::goods::Goods;
use crate::site::{Site, carry_out, refused};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_of_a_plan_that_is_outdated_changes_nothing() -> Outcome {
    let mut site = Site::open().await?;
    let (first, second) = (Goods::new(1)?.pack(site.folder())?, Goods::new(2)?.pack(site.folder())?);
    let mut planner = site.client().await?;
    planner.send(&second.archive, &second.index, &mut |_, _| {}).await?;
    let planned = site.order(&mut planner, &second).await?;
    site.deploy(&first).await?;
    let (record, processes) = (site.record()?, site.processes());
    for generation in [planned.generation, 2, u64::MAX] {
        let mut order = planned.clone();
        order.generation = generation;
        assert_eq!(refused(planner.stage(&order, &mut |_| {}).await).code, "plan-outdated");
        assert_eq!((site.record()?, site.processes()), (record.clone(), processes.clone()));
    }
    assert_eq!(site.ask().await?, "\"1\"");
    // Others are not kept from deploying by an order that was refused.
    site.deploy(&second).await?;
    assert_eq!(site.ask().await?, "\"2\"");
    site.end(true).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_does_not_come_up_leaves_what_ran_before_running() -> Outcome {
    let mut site = Site::open_with(None, |settings| settings.ready = Duration::from_millis(1500)).await?;
    let good = Goods::new(1)?.pack(site.folder())?;
    let ends = Goods::script(2, "echo one; echo 'the last word' >&2; exit 7").pack(site.folder())?;
    let hangs = Goods::script(3, "echo 'it begins'; exec sleep 600").pack(site.folder())?;
    let absent = Goods::script(4, "exec /nowhere/at/all").pack(site.folder())?;
    let whole = Goods::whole(5).pack(site.folder())?;
    for deployed in [false, true] {
        if deployed {
            site.deploy(&good).await?;
        }
        let visitors = deployed.then(|| site.visitors());
        let before = site.processes();
        for (bundle, exit, line) in [
            (&ends, "ended with exit code 7", "the last word"),
            (&hangs, "was killed, as it was not ready in time", "it begins"),
            (&absent, "ended with exit code 127", "/nowhere/at/all"),
            (&whole, "ended with exit code 1", "CLOCK_GREETING"),
        ] {
            let refusal = refused(site.deploy(bundle).await);
            assert_eq!(refusal.code, "process-not-ready");
            assert!(refusal.message.contains(exit), "{refusal:?}");
            assert!(refusal.lines.iter().any(|found| found.contains(line)), "{refusal:?}");
            assert!(!refusal.lines.iter().any(|found| found.contains("tick")), "words of what runs: {refusal:?}");
            assert_eq!(site.processes(), before, "nothing of it is left");
            assert_eq!(site.record()?["journal"], Value::Null);
        }
        match visitors {
            Some(visitors) => assert_eq!(visitors.heard().await?, ["\"1\""]),
            None => assert!(site.ask().await.is_err(), "nothing listens"),
        }
    }
    site.end(true).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_replica_that_does_not_come_up_is_as_bad_as_all() -> Outcome {
    let mut site = Site::open().await?;
    let clock = crate::goods::clock()?;
    // The first of them comes up, the second finds its folder.
    let script = format!("mkdir only-one || exit 3; CLOCK_GREETING=two exec '{}'", clock.display());
    let bundle = Goods::script(1, &script).pack(site.folder())?;
    let mut client = site.client().await?;
    client.send(&bundle.archive, &bundle.index, &mut |_, _| {}).await?;
    let mut order = bundle.order(0, site.http);
    order.processes.iter_mut().for_each(|wanted| wanted.replicas = 2);
    let refusal = refused(client.stage(&order, &mut |_| {}).await);
    assert!(refusal.message.contains("exit code 3"), "{refusal:?}");
    assert!(site.processes().is_empty());

    let replicas = Goods::new(2)?.pack(site.folder())?;
    client.send(&replicas.archive, &replicas.index, &mut |_, _| {}).await?;
    let mut order = replicas.order(0, site.http);
    order.processes.iter_mut().for_each(|wanted| wanted.replicas = 3);
    carry_out(&mut client, &order).await?;
    assert_eq!((site.processes().len(), site.ask().await?.as_str()), (3, "\"2\""));
    site.end(true).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_the_environment_is_said_and_nothing_is_started() -> Outcome {
    let mut site = Site::open().await?;
    let bundle = Goods::whole(1).pack(site.folder())?;
    let mut client = site.client().await?;
    client.send(&bundle.archive, &bundle.index, &mut |_, _| {}).await?;
    let mut order = bundle.order(0, site.http);
    order.environment = vec!["CLOCK_GREETING".to_owned()];
    let refusal = refused(client.stage(&order, &mut |_| {}).await);
    assert_eq!(refusal.code, "environment-missing");
    for (text, mode, code, word) in [
        ("CLOCK_GREETING=hunter2", 0o640, "environment-file", "others than its owner"),
        ("CLOCK_GREETING=hunter2", 0o604, "environment-file", "others than its owner"),
        ("CLOCK_GREETING=", 0o600, "environment-missing", "`CLOCK_GREETING`"),
        ("GREETING=hunter2", 0o600, "environment-missing", "`CLOCK_GREETING`"),
        ("# fine\nCLOCK_GREETING=a\nhunter2", 0o600, "environment-file", "line 3"),
        ("CLOCK_GREETING=a\nCELL_STATE=/hunter2", 0o600, "environment-file", "`CELL_STATE`"),
        ("CLOCK_GREETING=hunter2\0", 0o600, "environment-file", "zero byte"),
    ] {
        site.environment(text, mode)?;
        let refusal = refused(client.stage(&order, &mut |_| {}).await);
        assert_eq!(refusal.code, code, "{text}: {refusal:?}");
        assert!(refusal.message.contains(word), "{text}: {refusal:?}");
        assert!(!format!("{refusal:?}").contains("hunter2"), "{refusal:?}");
        assert!(site.processes().is_empty() && !site.application().join("run.json").exists());
    }
    site.environment("CLOCK_GREETING=one\n", 0o600)?;
    carry_out(&mut client, &order).await?;
    assert_eq!(site.ask().await?, "\"one\"");
    assert!(!client.deployed("clock").await?.environment_changed);

    // What runs keeps what it was started with, and the node says that the file is another.
    site.environment("CLOCK_GREETING=two\n", 0o600)?;
    assert!(client.deployed("clock").await?.environment_changed);
    assert_eq!(site.ask().await?, "\"one\"");
    order.generation = 1;
    carry_out(&mut client, &order).await?;
    assert_eq!(site.ask().await?, "\"two\"");
    site.end(true).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_for_what_is_not_there_or_nothing_at_all_is_refused() -> Outcome {
    let mut site = Site::open().await?;
    let bundle = Goods::new(1)?.pack(site.folder())?;
    let mut client = site.client().await?;
    let order = bundle.order(0, site.http);
    assert_eq!(refused(client.stage(&order, &mut |_| {}).await).code, "bundle-missing");
    client.send(&bundle.archive, &bundle.index, &mut |_, _| {}).await?;
    for name in ["", "..", "../clock", "a/b", "clock\0", "a\nb", &"a".repeat(65)] {
        let mut wrong = order.clone();
        name.clone_into(&mut wrong.application);
        assert_eq!(refused(client.stage(&wrong, &mut |_| {}).await).code, "unknown-application", "{name:?}");
        // Its log would be somewhere else.
        let mut wrong = order.clone();
        wrong.processes = vec![Wanted { name: format!("../{name}/x"), ..order.processes[0].clone() }];
        assert_eq!(refused(client.stage(&wrong, &mut |_| {}).await).code, "process-not-ready", "{name:?}");
        assert!(site.processes().is_empty());
    }
    let mut nowhere = order.clone();
    nowhere.http = None;
    assert_eq!(refused(client.stage(&nowhere, &mut |_| {}).await).code, "no-address-for-doors");
    assert_eq!(site.inside("applications"), ["clock"]);
    carry_out(&mut client, &order).await?;
    // Nothing is to run here any more, as where a region gets another node.
    let mut nothing = bundle.order(1, site.http);
    (nothing.processes, nothing.http) = (Vec::new(), None);
    carry_out(&mut client, &nothing).await?;
    assert!(site.processes().is_empty() && site.ask().await.is_err());
    site.end(true).await;
    Ok(())
}
