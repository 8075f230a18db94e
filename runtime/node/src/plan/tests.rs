//! Plans, shown as text: what is done on which node, and what is in the way. All in one file because the cases share one
//! small world of manifests and nodes.

use std::collections::BTreeMap;

use cell_manifest::{Cell, Database, Engine, FORMAT, Handler, Http, Manifest, Needs, Process, Replica, Signature};
use cell_manifest::{MigratedHead as Head, MigrationState};
use expect_test::{Expect, expect};

use super::{Facts, Migration, Plan, Wish, deploy, rollback};
use crate::digest::Digest;
use crate::host::{Glibc, Host, Libc};
use crate::protocol::{Current, DatabaseState, Deployed, Kept, ProcessState, Refused, SERVING};

const REGION: &str = "local";

fn cell(name: &str, databases: &[&str], doors: bool) -> Cell {
    let handler = Handler {
        name: "get".to_owned(),
        hash: "00".to_owned(),
        shape: Signature { arguments: Vec::new(), result: Default::default(), error: None },
        idempotent: true,
        http: doors.then(|| Http { method: "GET".to_owned(), path: format!("/{name}") }),
    };
    Cell {
        name: name.to_owned(),
        needs: Needs { databases: databases.iter().map(|name| (*name).to_owned()).collect(), cells: Vec::new() },
        placement: None,
        replicas: vec![Replica { region: REGION.to_owned() }],
        handlers: vec![handler],
    }
}

fn database(name: &str, engine: Engine) -> Database {
    let sqlite = engine == Engine::Sqlite;
    Database {
        name: name.to_owned(),
        engine,
        file: sqlite.then(|| format!("{name}.db")),
        folder: format!("cell/{name}"),
        env: if sqlite { Vec::new() } else { vec!["DATABASE_URL".to_owned()] },
        primary: None,
        replicas: Vec::new(),
        schema: "00".to_owned(),
        chain: None,
    }
}

fn process(name: &str, cells: &[&str], replicas: u32) -> Process {
    Process {
        name: name.to_owned(),
        cells: cells.iter().map(|name| (*name).to_owned()).collect(),
        regions: vec![REGION.to_owned()],
        replicas,
    }
}

fn manifest(databases: Vec<Database>, cells: Vec<Cell>, processes: Vec<Process>) -> Manifest {
    Manifest {
        format: FORMAT,
        application: "shop".to_owned(),
        features: Vec::new(),
        databases,
        indexes: Vec::new(),
        caches: Vec::new(),
        cells,
        types: BTreeMap::new(),
        processes,
        topology: "00".to_owned(),
    }
}

/// One process with doors on one PostgreSQL database.
fn shop(replicas: u32) -> Manifest {
    manifest(
        vec![database("shop", Engine::Postgres)],
        vec![cell("orders", &["shop"], true)],
        vec![process("shop", &["orders"], replicas)],
    )
}

fn wish(release: u32) -> Wish {
    let migration = |number: u32, name: &str| Migration {
        number,
        name: name.to_owned(),
        hash: format!("{number:02}"),
        stands_for: None,
        steps: vec![format!("step of {name}")],
    };
    Wish {
        application: "shop".to_owned(),
        region: REGION.to_owned(),
        release,
        bundle: Digest::of(&release.to_le_bytes()),
        needs: Some(("x86_64-unknown-linux-gnu".to_owned(), gnu(31))),
        size: 10 << 20,
        histories: BTreeMap::from([("shop".to_owned(), vec![migration(1, "0001_create"), migration(2, "0002_add")])]),
    }
}

const fn gnu(minor: u32) -> Libc {
    Libc::Gnu(Glibc { major: 2, minor })
}

fn node(name: &str) -> Facts {
    Facts {
        name: name.to_owned(),
        http: Some("127.0.0.1:8080".to_owned()),
        host: Host { target: "x86_64-unknown-linux-gnu".to_owned(), libc: gnu(36) },
        deployed: Deployed {
            application: "shop".to_owned(),
            generation: 0,
            current: None,
            kept: Vec::new(),
            environment_changed: false,
            under_way: None,
            databases: BTreeMap::new(),
            files: Vec::new(),
            free: 1 << 40,
        },
    }
}

/// The nodes once the plan was carried out.
fn carried_out(plan: &Plan, nodes: &[Facts]) -> Vec<Facts> {
    let after = nodes.iter().zip(&plan.nodes).map(|(node, planned)| {
        let mut next = node.clone();
        if planned.steps.is_empty() {
            return next;
        }
        next.deployed.generation += 1;
        if let Some(previous) = next.deployed.current.take() {
            next.deployed.kept.insert(0, Kept { order: previous.order, since: previous.since, withdrawn: false });
        }
        let order = plan.order(planned);
        let replicas = order.processes.iter().flat_map(|wanted| {
            (1..=wanted.replicas).map(|replica| ProcessState {
                name: wanted.name.clone(),
                replica,
                pid: Some(1),
                phase: SERVING.to_owned(),
                restarts: 0,
                last_exit: None,
            })
        });
        next.deployed.current = Some(Current { processes: replicas.collect(), order, since: 0 });
        let head =
            Head { number: 2, name: "0002_add".to_owned(), hash: "02".to_owned(), state: MigrationState::Sealed };
        next.deployed.databases.insert("shop".to_owned(), DatabaseState::Head(Some(head)));
        next
    });
    after.collect()
}

fn shown(planned: &Result<Plan, Vec<Refused>>) -> String {
    match planned {
        Ok(plan) => plan
            .nodes
            .iter()
            .map(|node| {
                let steps: Vec<String> = node
                    .steps
                    .iter()
                    .map(|step| {
                        let step = serde_json::to_string(step).expect("JSON");
                        format!("  {step}\n")
                    })
                    .collect();
                format!("{}\n{}", node.node, steps.concat())
            })
            .collect(),
        Err(refused) => refused
            .iter()
            .map(|refused| format!("{}: {refused}\n  {}\n", refused.code, refused.help.as_deref().unwrap_or("-")))
            .collect(),
    }
}

fn check(planned: &Result<Plan, Vec<Refused>>, expected: Expect) {
    expected.assert_eq(&shown(planned));
}

#[test]
fn the_first_deploy_starts_and_the_same_one_again_does_nothing() {
    let nodes = [node("one")];
    let first = deploy(&wish(1), &shop(1), &nodes);
    check(
        &first,
        expect![[r#"
        one
          {"migrate":{"database":"shop","migrations":null}}
          {"listen":{"previous":null,"address":"127.0.0.1:8080"}}
          {"start":{"process":"shop","cells":["orders"],"replicas":1}}
    "#]],
    );
    let nodes = carried_out(&first.expect("a plan"), &nodes);
    let again = deploy(&wish(1), &shop(1), &nodes).expect("a plan");
    assert!(again.is_empty());
    // One that does not serve, and doors on every address while they are on one.
    let mut down = nodes.clone();
    down[0].deployed.current.iter_mut().for_each(|current| current.processes.clear());
    check(
        &deploy(&wish(1), &shop(1), &down),
        expect![[r#"
        one
          {"replace":{"process":"shop","cells":["orders"],"previous":1,"replicas":1}}
    "#]],
    );
    let mut moved = nodes.clone();
    moved[0].http = Some("0.0.0.0:8080".to_owned());
    check(
        &deploy(&wish(1), &shop(1), &moved),
        expect![[r#"
        address-in-use: the node `one` cannot listen on `0.0.0.0:8080` while it listens on `127.0.0.1:8080`
          the two have one port: move to another port first
    "#]],
    );
    let next = deploy(&wish(2), &shop(2), &nodes);
    check(
        &next,
        expect![[r#"
        one
          {"replace":{"process":"shop","cells":["orders"],"previous":1,"replicas":2}}
    "#]],
    );
    let nodes = carried_out(&next.expect("a plan"), &nodes);
    let back = rollback(&Wish { histories: BTreeMap::new(), ..wish(1) }, &nodes);
    check(
        &back,
        expect![[r#"
        one
          {"replace":{"process":"shop","cells":["orders"],"previous":2,"replicas":1}}
    "#]],
    );
    check(
        &rollback(&wish(7), &nodes),
        expect![[r#"
        release-not-kept: the node `one` has not kept release 7
          deploy it again from its sources
    "#]],
    );
}

#[test]
fn replicas_are_spread_and_one_node_migrates() {
    let nodes = [node("one"), node("three"), node("two")];
    check(
        &deploy(&wish(1), &shop(4), &nodes),
        expect![[r#"
        one
          {"migrate":{"database":"shop","migrations":null}}
          {"listen":{"previous":null,"address":"127.0.0.1:8080"}}
          {"start":{"process":"shop","cells":["orders"],"replicas":2}}
        three
          {"listen":{"previous":null,"address":"127.0.0.1:8080"}}
          {"start":{"process":"shop","cells":["orders"],"replicas":1}}
        two
          {"listen":{"previous":null,"address":"127.0.0.1:8080"}}
          {"start":{"process":"shop","cells":["orders"],"replicas":1}}
    "#]],
    );
    check(
        &deploy(&wish(1), &shop(1), &nodes),
        expect![[r#"
        one
          {"migrate":{"database":"shop","migrations":null}}
          {"listen":{"previous":null,"address":"127.0.0.1:8080"}}
          {"start":{"process":"shop","cells":["orders"],"replicas":1}}
        three
        two
    "#]],
    );
}

#[test]
fn a_sqlite_database_stays_on_its_node() {
    let manifest = manifest(
        vec![database("shop", Engine::Sqlite)],
        vec![cell("orders", &["shop"], false)],
        vec![process("shop", &["orders"], 2)],
    );
    let mut nodes = [node("one"), node("two")];
    check(
        &deploy(&wish(1), &manifest, &nodes),
        expect![[r#"
        one
          {"migrate":{"database":"shop","migrations":[{"number":1,"name":"0001_create","hash":"01","steps":["step of 0001_create"]},{"number":2,"name":"0002_add","hash":"02","steps":["step of 0002_add"]}]}}
          {"start":{"process":"shop","cells":["orders"],"replicas":2}}
        two
    "#]],
    );
    nodes[1].deployed.files.push("shop.db".to_owned());
    check(
        &deploy(&wish(1), &manifest, &nodes),
        expect![[r#"
        one
        two
          {"migrate":{"database":"shop","migrations":null}}
          {"start":{"process":"shop","cells":["orders"],"replicas":2}}
    "#]],
    );
    nodes[0].deployed.files.push("shop.db".to_owned());
    check(
        &deploy(&wish(1), &manifest, &nodes),
        expect![[r#"
        database-on-two-nodes: the SQLite databases of `shop` lie on several nodes: `one`, `two`
          a SQLite database lives on one node: move the files of the others away
    "#]],
    );
}

#[test]
fn what_is_in_the_way_is_said_all_at_once() {
    check(
        &deploy(&wish(1), &shop(1), &[]),
        expect![[r#"
        no-node: the region `local` has no node
          add one with `cargo cell node add NAME ADDRESS --region local`
    "#]],
    );
    let mut nodes = [node("one"), node("two")];
    nodes[0].host = Host { target: "aarch64-unknown-linux-gnu".to_owned(), libc: gnu(36) };
    nodes[1].host.libc = gnu(17);
    nodes[1].deployed.free = 1 << 20;
    nodes[1].deployed.under_way = Some("cell1abcdefg".to_owned());
    check(
        &deploy(&wish(1), &shop(1), &nodes),
        expect![[r#"
        other-host: the node `one` cannot run this release: the release was built for `x86_64-unknown-linux-gnu`, but the machine is `aarch64-unknown-linux-gnu`: build it with `--target aarch64-unknown-linux-gnu`
          -
        other-host: the node `two` cannot run this release: the release needs glibc 2.31, but the machine has glibc 2.17: build it where glibc is no newer, or for `x86_64-unknown-linux-musl`, which needs none
          -
        deploy-under-way: on the node `two`, cell1abcdefg is deploying `shop` now
          wait until it is done, and plan again
        storage-full: the node `two` has 1 MiB free, and this release wants 30 MiB
          make room on its disk, and run this again
    "#]],
    );
    let elsewhere = Wish { region: "moon".to_owned(), ..wish(1) };
    check(
        &deploy(&elsewhere, &shop(1), &[node("one")]),
        expect![[r#"
        nothing-in-region: nothing of `shop` is placed in the region `moon`
          its cells are placed in `local`; `#[Placement(region = …)]` says where
    "#]],
    );
}

#[test]
fn doors_want_an_address_and_one_process() {
    let mut nodes = [node("one")];
    nodes[0].http = None;
    check(
        &deploy(&wish(1), &shop(1), &nodes),
        expect![[r#"
        no-address-for-doors: the process `shop` has HTTP doors, and the node `one` has no address for them
          write `http = "127.0.0.1:8080"` into `[nodes.one]` of the topology
    "#]],
    );
    let two = manifest(
        Vec::new(),
        vec![cell("orders", &[], true), cell("tax", &[], true)],
        vec![process("orders", &["orders"], 1), process("tax", &["tax"], 1)],
    );
    check(
        &deploy(&wish(1), &two, &[node("one")]),
        expect![[r#"
        doors-of-two-processes: the node `one` has one address for doors, and `orders` and `tax` have some
          place their cells alike, so that one process has all doors, or add a node to the region
    "#]],
    );
    check(
        &deploy(&wish(1), &two, &[node("one"), node("two")]),
        expect![[r#"
        one
          {"listen":{"previous":null,"address":"127.0.0.1:8080"}}
          {"start":{"process":"orders","cells":["orders"],"replicas":1}}
        two
          {"listen":{"previous":null,"address":"127.0.0.1:8080"}}
          {"start":{"process":"tax","cells":["tax"],"replicas":1}}
    "#]],
    );
}

#[test]
fn another_history_than_the_databases_is_refused_and_an_older_one_is_not() {
    let mut nodes = [node("one")];
    let head = |number: u32, hash: &str| Head {
        number,
        name: format!("000{number}_other"),
        hash: hash.to_owned(),
        state: MigrationState::Sealed,
    };
    nodes[0].deployed.databases.insert("shop".to_owned(), DatabaseState::Head(Some(head(2, "ff"))));
    check(
        &deploy(&wish(1), &shop(1), &nodes),
        expect![[r#"
        history-diverged: the database `shop` has another migration 2 than this release: `0002_other`, not `0002_add`
          deploy from a history that holds the migrations which the database has
    "#]],
    );
    nodes[0].deployed.databases.insert("shop".to_owned(), DatabaseState::Head(Some(head(3, "ff"))));
    check(
        &deploy(&wish(1), &shop(1), &nodes),
        expect![[r#"
        one
          {"listen":{"previous":null,"address":"127.0.0.1:8080"}}
          {"start":{"process":"shop","cells":["orders"],"replicas":1}}
    "#]],
    );
}

#[test]
fn the_hash_is_that_of_what_is_done_to_which_state() {
    let nodes = [node("one")];
    let plan = deploy(&wish(1), &shop(1), &nodes).expect("a plan");
    assert_eq!(plan.hash(), deploy(&wish(1), &shop(1), &nodes).expect("a plan").hash());
    let mut later = nodes.clone();
    later[0].deployed.generation = 1;
    assert_ne!(plan.hash(), deploy(&wish(1), &shop(1), &later).expect("a plan").hash());
    assert_ne!(plan.hash(), deploy(&wish(2), &shop(1), &nodes).expect("a plan").hash());
    let text = serde_json::to_string(&plan).expect("JSON");
    assert_eq!(serde_json::from_str::<Plan>(&text).expect("a plan"), plan);
}
