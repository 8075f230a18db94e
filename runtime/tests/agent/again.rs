//! A daemon that is started again: it finds what runs, ends what was interrupted, and refuses a state that is damaged.

use std::fs;

use cell_node::agent::AgentError;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::Outcome;
use crate::goods::Goods;
use crate::site::{Site, carry_out, refused, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_are_taken_over_and_their_socket_is_handed_on() -> Outcome {
    let mut site = Site::open().await?;
    let (first, second) = (Goods::new(1)?.pack(site.folder())?, Goods::new(2)?.pack(site.folder())?);
    site.deploy(&first).await?;
    let (record, processes) = (site.record()?, site.processes());
    let visitors = site.visitors();
    // A client that is connected does not keep the state folder from the next daemon.
    let connected = site.client().await?;
    site.end(false).await;
    assert_eq!(site.ask().await?, "\"1\"", "it needs no daemon");
    site.start().await?;
    drop(connected);
    assert_eq!((site.record()?, site.processes()), (record, processes.clone()));
    let mut client = site.client().await?;
    let current = client.deployed("clock").await?.current.ok_or("something runs")?;
    let pids: Vec<i32> = current.processes.iter().filter_map(|process| process.pid?.try_into().ok()).collect();
    assert_eq!(pids, processes.iter().copied().collect::<Vec<_>>());
    assert_eq!(current.processes.first().map(|process| process.phase.as_str()), Some("serving"));

    // On the socket of the first daemon, and once more.
    site.deploy(&second).await?;
    site.end(false).await;
    site.start().await?;
    site.deploy(&first).await?;
    assert_eq!(visitors.heard().await?, ["\"1\"", "\"2\""]);
    assert!(site.processes().is_disjoint(&processes));
    site.end(true).await;
    assert!(site.processes().is_empty());

    // What was stopped with the daemon is started with it.
    site.start().await?;
    until(async || Ok(site.ask().await.is_ok_and(|answer| answer == "\"1\""))).await?;
    site.end(true).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_that_was_interrupted_is_undone_before_the_switch_and_done_after_it() -> Outcome {
    let mut site = Site::open().await?;
    let (first, second) = (Goods::new(1)?.pack(site.folder())?, Goods::new(2)?.pack(site.folder())?);
    site.deploy(&first).await?;
    let processes = site.processes();
    let visitors = site.visitors();
    for (switched, answer) in [(false, "\"1\""), (true, "\"2\"")] {
        let mut client = site.client().await?;
        client.send(&second.archive, &second.index, &mut |_, _| {}).await?;
        let order = site.order(&mut client, &second).await?;
        client.stage(&order, &mut |_| {}).await?;
        if switched {
            client.switch("clock", &mut |_| {}).await?;
        }
        site.end(false).await;
        assert_ne!(site.record()?["journal"], Value::Null);
        assert_eq!(site.processes().len(), 2);
        site.start().await?;
        assert_eq!(site.record()?["journal"], Value::Null);
        assert_eq!(site.processes().is_subset(&processes), !switched);
        assert_eq!((site.processes().len(), site.ask().await?.as_str()), (1, answer));
    }
    visitors.heard().await?;
    site.end(true).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_ended_meanwhile_are_started_again_and_serve() -> Outcome {
    // As after the machine was started, where what the program needs is not there yet for longer than it may take.
    let mut site = Site::open_with(None, |settings| settings.ready = std::time::Duration::from_millis(700)).await?;
    let clock = crate::goods::clock()?;
    let script = format!("test -e ../needed || exit 1; CLOCK_GREETING=up exec '{}'", clock.display());
    let bundle = Goods::script(1, &script).pack(site.folder())?;
    let mut client = site.client().await?;
    client.send(&bundle.archive, &bundle.index, &mut |_, _| {}).await?;
    let needed = site.application().join("needed");
    fs::write(&needed, "")?;
    carry_out(&mut client, &bundle.order(0, site.http)).await?;
    drop(client);
    for stop in [false, true] {
        site.end(stop).await;
        fs::remove_file(&needed)?;
        for pid in site.processes().into_iter().filter_map(Pid::from_raw) {
            kill_process(pid, Signal::KILL)?;
        }
        until(async || Ok(site.processes().is_empty())).await?;
        site.start().await?;
        // Longer than a process may take to be ready.
        tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
        fs::write(&needed, "")?;
        until(async || Ok(site.ask().await.is_ok_and(|answer| answer == "\"up\""))).await?;
        assert_eq!(site.processes().len(), 1);
    }
    // It is what a next deploy replaces.
    site.deploy(&Goods::new(2)?.pack(site.folder())?).await?;
    assert_eq!((site.processes().len(), site.ask().await?.as_str()), (1, "\"2\""));
    site.end(true).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_is_damaged_is_named_and_nothing_is_touched() -> Outcome {
    let mut site = Site::open().await?;
    let bundle = Goods::new(1)?.pack(site.folder())?;
    site.deploy(&bundle).await?;
    let processes = site.processes();
    let path = site.application().join("run.json");
    let good = fs::read(&path)?;
    site.end(false).await;
    for damaged in [&good[..good.len() / 2], b"", b"{}", b"\xff", b"{\"format\": 2}"] {
        fs::write(&path, damaged)?;
        // Other applications of the node run all the same.
        site.start().await?;
        let mut client = site.client().await?;
        for refusal in [refused(client.deployed("clock").await), refused(site.deploy(&bundle).await)] {
            assert!(refusal.code == "storage-failed" && refusal.message.contains("run.json"), "{refusal:?}");
        }
        assert!(client.all().await?.is_empty());
        drop(client);
        site.end(true).await;
        assert_eq!(fs::read(&path)?, damaged, "it is left as it is");
        assert_eq!((site.processes(), site.ask().await?.as_str()), (processes.clone(), "\"1\""));
    }
    fs::write(&path, good)?;
    // What another daemon left half done.
    fs::write(site.application().join("../../incoming/.x.1-1.draft"), "half a bundle")?;
    site.start().await?;
    assert_eq!(site.processes(), processes);
    assert!(site.inside("incoming").is_empty());
    // One folder, one daemon.
    let folder = site.application().join("../..");
    let options = cell_node::agent::Options { state: folder.canonicalize()?, settings: Default::default() };
    assert!(matches!(cell_node::agent::Agent::open(&options).await, Err(AgentError::Running(_))));
    site.end(true).await;
    Ok(())
}
