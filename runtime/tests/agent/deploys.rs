//! The way of an order: the first, the same again, the next, and the ways back.

use std::collections::BTreeMap;
use std::net::TcpListener;

use cell_node::protocol::{DatabaseState, Event, LogRequest, Order};

use crate::Outcome;
use crate::goods::Goods;
use crate::site::{Site, carry_out, free_address, refused, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_deploy_serves_and_the_next_replaces_it_without_a_request_lost() -> Outcome {
    let mut site = Site::open().await?;
    site.environment("CLOCK_GREETING=\"whole\"\n", 0o600)?;
    let whole = Goods::whole(1).pack(site.folder())?;
    site.deploy(&whole).await?;
    assert_eq!(site.ask().await?, "\"whole\"");
    let before = site.processes();
    assert_eq!(before.len(), 1);

    // Nothing is sent twice, and the same order is a restart.
    let mut client = site.client().await?;
    assert_eq!(client.send(&whole.archive, &whole.index, &mut |_, _| {}).await?, 0);
    let visitors = site.visitors();
    site.deploy(&whole).await?;
    let again = site.processes();
    assert!(again.len() == 1 && again.is_disjoint(&before), "{before:?} {again:?}");

    let next = Goods::new(2)?.pack(site.folder())?;
    client.send(&next.archive, &next.index, &mut |_, _| {}).await?;
    let order = site.order(&mut client, &next).await?;
    let mut events = Vec::new();
    client.stage(&order, &mut |event| events.push(event)).await?;
    assert_eq!(site.processes().len(), 2, "beside what runs");
    client.switch("clock", &mut |event| events.push(event)).await?;
    assert!(site.processes().is_superset(&again), "what ran before is still there");
    client.finish("clock", &mut |event| events.push(event)).await?;
    assert!(site.processes().is_disjoint(&again));
    assert_eq!(site.ask().await?, "\"2\"");
    let heard = visitors.heard().await?;
    assert!(heard == ["\"2\"", "\"whole\""] || heard == ["\"whole\""], "{heard:?}");
    let (process, replica) = ("clock".to_owned(), 1);
    let expected = [
        Event::Started { process: process.clone(), replica },
        Event::Ready { process: process.clone(), replica },
        Event::Serving { http: Some(site.http.to_string()) },
        Event::Stopped { process, replica },
    ];
    assert_eq!(events, expected);

    let deployed = client.deployed("clock").await?;
    assert_eq!(deployed.generation, 3);
    assert_eq!(deployed.kept.iter().map(|kept| kept.order.release).collect::<Vec<_>>(), [1]);
    assert_eq!(site.record()?["journal"], serde_json::Value::Null);
    // Back to the first: its bundle is still there.
    carry_out(&mut client, &whole.order(3, site.http)).await?;
    assert_eq!(site.ask().await?, "\"whole\"");
    site.end(true).await;
    assert!(site.processes().is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn abandoning_goes_back_to_what_never_stopped_answering() -> Outcome {
    let mut site = Site::open().await?;
    let (first, second) = (Goods::new(1)?.pack(site.folder())?, Goods::new(2)?.pack(site.folder())?);
    let mut client = site.client().await?;
    client.send(&second.archive, &second.index, &mut |_, _| {}).await?;
    // Back to nothing.
    client.stage(&second.order(0, site.http), &mut |_| {}).await?;
    client.switch("clock", &mut |_| {}).await?;
    assert_eq!(site.ask().await?, "\"2\"");
    client.abandon("clock").await?;
    assert!(site.processes().is_empty() && site.ask().await.is_err());
    assert_eq!(client.deployed("clock").await?.current, None);

    site.deploy(&first).await?;
    let processes = site.processes();
    let visitors = site.visitors();
    client.send(&second.archive, &second.index, &mut |_, _| {}).await?;
    let order = site.order(&mut client, &second).await?;
    client.stage(&order, &mut |_| {}).await?;
    client.abandon("clock").await?;
    assert_eq!((site.processes(), site.ask().await?.as_str()), (processes.clone(), "\"1\""));
    assert_eq!(client.deployed("clock").await?.generation, order.generation, "nothing has changed");

    client.stage(&order, &mut |_| {}).await?;
    client.switch("clock", &mut |_| {}).await?;
    client.abandon("clock").await?;
    assert_eq!(site.processes(), processes);
    visitors.heard().await?;
    assert_eq!(site.ask().await?, "\"1\"");
    let deployed = client.deployed("clock").await?;
    assert_eq!(deployed.current.map(|current| current.order.release), Some(1));
    assert!(deployed.generation > order.generation, "a plan that was made meanwhile is outdated");
    assert_eq!(refused(client.switch("clock", &mut |_| {}).await).code, "nothing-staged");
    assert_eq!(refused(client.finish("clock", &mut |_| {}).await).code, "nothing-staged");
    site.end(true).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_in_use_is_refused_and_nothing_changes() -> Outcome {
    let mut site = Site::open().await?;
    let (first, second) = (Goods::new(1)?.pack(site.folder())?, Goods::new(2)?.pack(site.folder())?);
    let other = TcpListener::bind(site.http)?;
    let refusal = refused(site.deploy(&first).await);
    assert_eq!(refusal.code, "address-in-use");
    assert!(refusal.message.contains(&site.http.to_string()), "{refusal:?}");
    assert!(site.processes().is_empty() && !site.application().join("run.json").exists());
    drop(other);
    site.deploy(&first).await?;

    let (record, processes) = (site.record()?, site.processes());
    let taken = TcpListener::bind(free_address()?)?;
    let mut client = site.client().await?;
    client.send(&second.archive, &second.index, &mut |_, _| {}).await?;
    let order = second.order(1, taken.local_addr()?);
    assert_eq!(refused(client.stage(&order, &mut |_| {}).await).code, "address-in-use");
    assert_eq!((site.record()?, site.processes(), site.ask().await?.as_str()), (record, processes, "\"1\""));

    // To another address, and the one before is closed.
    let elsewhere = free_address()?;
    carry_out(&mut client, &second.order(1, elsewhere)).await?;
    assert!(site.ask().await.is_err());
    until(async || Ok(TcpListener::bind(site.http).is_ok())).await?;
    site.http = elsewhere;
    assert_eq!(site.ask().await?, "\"2\"");
    site.end(true).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn databases_are_migrated_as_the_plan_says_or_not_at_all() -> Outcome {
    let mut site = Site::open().await?;
    let first = Goods::new(1)?.tables(&["goods"]).pack(site.folder())?;
    let second = Goods::new(2)?.tables(&["goods", "notes"]).pack(site.folder())?;
    let mut client = site.client().await?;
    client.send(&first.archive, &first.index, &mut |_, _| {}).await?;
    let planned = |names: &[&str]| {
        BTreeMap::from([("shop".to_owned(), Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()))])
    };
    let mut order = first.order(0, site.http);
    order.migrate = planned(&["0001_create_other"]);
    let refusal = refused(client.stage(&order, &mut |_| {}).await);
    assert_eq!(refusal.code, "plan-outdated");
    assert!(refusal.message.contains("it lacks 0001_create_goods"), "{refusal:?}");
    assert!(!site.application().join("state/shop.db").exists() && site.processes().is_empty());
    assert_eq!(site.record()?["journal"], serde_json::Value::Null);

    order.migrate = planned(&["0001_create_goods"]);
    let mut events = Vec::new();
    client.stage(&order, &mut |event| events.push(event)).await?;
    let migrated = Event::Migrated { database: "shop".to_owned(), migrations: vec!["0001_create_goods".to_owned()] };
    assert_eq!(events.first(), Some(&migrated));
    client.switch("clock", &mut |_| {}).await?;
    client.finish("clock", &mut |_| {}).await?;
    let deployed = client.deployed("clock").await?;
    assert!(deployed.files.contains(&"shop.db".to_owned()), "{deployed:?}");
    let Some(DatabaseState::Head(Some(head))) = deployed.databases.get("shop") else { panic!("{deployed:?}") };
    assert_eq!(head.name, "0001_create_goods");

    // The database has what the plan thinks it lacks.
    client.send(&second.archive, &second.index, &mut |_, _| {}).await?;
    let mut order = second.order(1, site.http);
    order.migrate = planned(&["0001_create_goods", "0002_create_notes"]);
    let (record, processes) = (site.record()?, site.processes());
    assert_eq!(refused(client.stage(&order, &mut |_| {}).await).code, "plan-outdated");
    assert_eq!((site.record()?["current"].clone(), site.processes()), (record["current"].clone(), processes));
    assert_eq!(site.ask().await?, "\"1\"");
    order.migrate = planned(&["0002_create_notes"]);
    carry_out(&mut client, &order).await?;
    assert_eq!(site.ask().await?, "\"2\"");
    site.end(true).await;
    Ok(())
}

/// The release that the database thinks of, and the newest migration that all that runs knows.
async fn remembered(site: &Site) -> Result<String, crate::Error> {
    use sqlx::Connection as _;
    let file = site.application().join("state/shop.db");
    let mut connection = sqlx::SqliteConnection::connect(&format!("sqlite://{}", file.display())).await?;
    let (release, head): (i64, i64) =
        sqlx::query_as("SELECT release, head FROM cell_releases").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(format!("{release} {head}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_remembers_the_release_that_knows_less_until_nothing_of_it_is_left() -> Outcome {
    let mut site = Site::open().await?;
    let first = Goods::new(1)?.tables(&["goods"]).pack(site.folder())?;
    let second = Goods::new(2)?.tables(&["goods", "notes"]).pack(site.folder())?;
    let mut client = site.client().await?;
    let lacks = |names: &[&str]| {
        BTreeMap::from([("shop".to_owned(), Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()))])
    };
    client.send(&first.archive, &first.index, &mut |_, _| {}).await?;
    carry_out(&mut client, &Order { migrate: lacks(&["0001_create_goods"]), ..first.order(0, site.http) }).await?;
    client.record("clock", 1).await?;
    assert_eq!(remembered(&site).await?, "1 1");

    client.send(&second.archive, &second.index, &mut |_, _| {}).await?;
    let order = Order { migrate: lacks(&["0002_create_notes"]), alone: Some(1), ..second.order(1, site.http) };
    client.stage(&order, &mut |_| {}).await?;
    assert_eq!(remembered(&site).await?, "1 1");
    client.switch("clock", &mut |_| {}).await?;
    client.finish("clock", &mut |_| {}).await?;
    assert_eq!(remembered(&site).await?, "1 1", "another node may still run the first");
    assert_eq!(refused(client.record("clock", 1).await).code, "plan-outdated");
    client.record("clock", 2).await?;
    assert_eq!(remembered(&site).await?, "2 2");

    // Back again: before anything of the first starts.
    let back = Order { migrate: lacks(&[]), rollback: true, alone: Some(2), ..first.order(2, site.http) };
    client.stage(&back, &mut |_| {}).await?;
    assert_eq!(remembered(&site).await?, "2 1");
    client.switch("clock", &mut |_| {}).await?;
    client.finish("clock", &mut |_| {}).await?;

    // Nobody recorded that: the next deploy does, if all of the region runs it.
    let again = Order { migrate: lacks(&[]), alone: None, ..second.order(3, site.http) };
    client.stage(&again, &mut |_| {}).await?;
    client.abandon("clock").await?;
    assert_eq!(remembered(&site).await?, "1 0", "what runs is not what was written down");
    let again = Order { alone: Some(1), ..again };
    carry_out(&mut client, &again).await?;
    assert_eq!(remembered(&site).await?, "1 1");
    client.record("clock", 2).await?;
    assert_eq!(remembered(&site).await?, "2 2");
    site.end(true).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_dies_is_started_again_and_serves_on_the_same_socket() -> Outcome {
    let mut site = Site::open().await?;
    site.deploy(&Goods::new(1)?.pack(site.folder())?).await?;
    let processes = site.processes();
    for pid in &processes {
        let pid = rustix::process::Pid::from_raw(*pid).ok_or("a pid")?;
        rustix::process::kill_process(pid, rustix::process::Signal::KILL)?;
    }
    // The request waits in the socket.
    until(async || Ok(site.processes().is_disjoint(&processes) && site.ask().await? == "\"1\"")).await?;
    site.end(true).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_lines_go_on_from_one_release_to_the_next() -> Outcome {
    let mut site = Site::open().await?;
    let clock = crate::goods::clock()?;
    let quiet = |release: u32, script: &str| {
        let script = format!("{script}; CELL_LOG=off CLOCK_GREETING={release} exec '{}'", clock.display());
        Goods::script(release, &script).pack(site.folder())
    };
    for (release, script) in [(1, "echo one; echo two; echo three"), (2, "echo four; echo five")] {
        site.deploy(&quiet(release, script)?).await?;
    }
    let mut client = site.client().await?;
    let mut wanted = LogRequest { application: "clock".to_owned(), process: None, lines: 3, follow: false };
    let mut lines = Vec::new();
    let mut hear = |event| {
        if let Event::Line { text, .. } = event {
            lines.push(text);
        }
    };
    client.logs(&wanted, &mut hear).await?;
    wanted.lines = 1;
    client.logs(&wanted, &mut hear).await?;
    let lines: Vec<&String> = lines.iter().filter(|line| !line.contains("clock")).collect();
    assert_eq!(lines, ["three", "four", "five", "five"]);
    site.end(true).await;
    Ok(())
}

/// The program is asked for what is not there, before anything of the release is started; where it fails, nothing is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn search_indexes_are_built_before_anything_is_started_or_nothing_is() -> Outcome {
    let mut site = Site::open().await?;
    let program = |asked: &str| {
        let clock = crate::goods::clock().map(|clock| clock.display().to_string());
        clock.map(|clock| {
            format!(
                "case \"$CELL_SEARCH\" in prepare) {asked};; '') CLOCK_GREETING=\"$CELL_RELEASE\" exec '{clock}';; *) exit 9;; esac"
            )
        })
    };
    let (progress, end) = (
        r#"{"progress":{"index":"shop.goods","work":"build","rows":{"done":0,"of":0}}}"#,
        r#"{"indexes":{"format":1,"indexes":[]}}"#,
    );
    let built = program(&format!("echo '{progress}'; echo '{progress}'; echo '{end}'"))?;
    let fails = program("echo 'no room' >&2; exit 1")?;
    let first = Goods::script(1, &built).index("shop.goods").pack(site.folder())?;
    let second = Goods::script(2, &fails).index("shop.goods").pack(site.folder())?;
    // Nobody asks a program without indexes.
    let third = Goods::script(3, &fails).pack(site.folder())?;

    let mut client = site.client().await?;
    client.send(&first.archive, &first.index, &mut |_, _| {}).await?;
    let mut events = Vec::new();
    client.stage(&first.order(0, site.http), &mut |event| events.push(event)).await?;
    assert_eq!(events.first(), Some(&Event::Indexed { index: "shop.goods".to_owned() }));
    client.switch("clock", &mut |_| {}).await?;
    client.finish("clock", &mut |_| {}).await?;

    client.send(&second.archive, &second.index, &mut |_, _| {}).await?;
    let (current, processes) = (site.record()?["current"].clone(), site.processes());
    let refusal = refused(client.stage(&second.order(1, site.http), &mut |_| {}).await);
    assert_eq!((refusal.code.as_str(), refusal.lines), ("index-failed", vec!["no room".to_owned()]));
    assert_eq!((site.record()?["current"].clone(), site.processes()), (current, processes));
    assert_eq!(site.ask().await?, "\"1\"");

    client.send(&third.archive, &third.index, &mut |_, _| {}).await?;
    carry_out(&mut client, &third.order(1, site.http)).await?;
    assert_eq!(site.ask().await?, "\"3\"");
    site.end(true).await;
    Ok(())
}
