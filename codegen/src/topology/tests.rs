//! What a topology says, and each mistake with its line.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};

use super::{DEFAULT, LOCAL, Topologies, Topology, environment_of, file_of};

const TWO: &str = "format = 1
[regions.us-east]
like = \"aws:us-east-1\"
[nodes.first]
region = \"us-east\"
address = \"node-1.example:7700\"
key = \"k\"
http = \"127.0.0.1:8080\"
[regions.eu]
[nodes]
second = { region = \"eu\", address = \"[::1]:7700\", key = \"k2\" }
";

#[track_caller]
fn refused(text: &str, expected: Expect) {
    let errors = Topology::parse(DEFAULT, text.as_bytes()).expect_err("a mistake");
    expected.assert_eq(&errors.iter().map(|error| format!("{error}\n")).collect::<String>());
}

#[test]
fn regions_keep_the_files_order_and_nodes_are_by_name() {
    let topology = Topology::parse("cell/topology.staging.toml", TWO.as_bytes()).expect("a topology");
    assert_eq!(topology.environment.as_deref(), Some("staging"));
    let regions: Vec<&str> = topology.regions.iter().map(|region| region.name.as_str()).collect();
    assert_eq!(regions, ["us-east", "eu"]);
    assert_eq!(topology.region("us-east").and_then(|region| region.like.as_deref()), Some("aws:us-east-1"));
    assert_eq!(topology.nodes_of("eu").map(|(name, _)| name).collect::<Vec<_>>(), ["second"]);
    assert_eq!(topology.nodes.get("first").and_then(|node| node.http.as_deref()), Some("127.0.0.1:8080"));
    let without = Topology::parse(DEFAULT, b"format = 1\n[regions.us-east]\nlike = 'aws:us-east-1'\n[regions.eu]\n");
    assert_eq!(without.map(|topology| topology.hash), Ok(topology.hash), "nodes do not count");
}

#[test]
fn every_mistake_has_its_line() {
    refused(
        "format = 1
zones = []
[regions.EU]
[regions.eu]
lik = \"x\"
[nodes.one]
region = \"us\"
address = \"one\"
http = \"localhost:80\"
[nodes.two]
region = \"eu\"
address = \"two:0\"
key = \"a b\"
port = 1
",
        expect![[r#"
            `cell/topology.toml`, line 2: a topology has no field `zones`; it has `format`, `regions` and `nodes`
            `cell/topology.toml`, line 3: `EU` cannot name a region; use lower case letters, digits, `-` and `_`, beginning with a letter, 63 bytes at the most
            `cell/topology.toml`, line 5: a region has no field `lik`; did you mean `like`?
            `cell/topology.toml`, line 6: the node `one` has no `key`; write `key = "…"`
            `cell/topology.toml`, line 7: there is no region `us`; the regions of this topology are `EU` and `eu`
            `cell/topology.toml`, line 8: `one` is no address; write a host and a port: `node-1.example:7700`, `192.0.2.7:7700` or `[2001:db8::7]:7700`
            `cell/topology.toml`, line 9: `localhost:80` is no address to listen on; write an IP address and a port: `127.0.0.1:8080`
            `cell/topology.toml`, line 12: `two:0` is no address; write a host and a port: `node-1.example:7700`, `192.0.2.7:7700` or `[2001:db8::7]:7700`
            `cell/topology.toml`, line 13: `a b` is no public key; the node's daemon shows its key
            `cell/topology.toml`, line 14: a node has no field `port`; it has `region`, `address`, `key` and `http`
        "#]],
    );
    refused(
        "format = 1\nregions = [\"eu\"]\n",
        expect![[r#"
        `cell/topology.toml`, line 2: `regions` is no table; write `[regions.NAME]`
    "#]],
    );
    refused(
        "format = 1\nregions.eu = 1\n",
        expect![[r#"
        `cell/topology.toml`, line 2: `regions.eu` is no table; write `[regions.eu]`
    "#]],
    );
    refused(
        "regions = {}\n",
        expect![[r#"
        `cell/topology.toml`, line 1: the topology names no format; begin it with `format = 1`
    "#]],
    );
    refused(
        "format = 1\n",
        expect![[r#"
        `cell/topology.toml`, line 1: the topology has no region; add one: `[regions.local]`
    "#]],
    );
    refused(
        "format = 2\nplanets = {}\n",
        expect![[r#"
        `cell/topology.toml`, line 1: the topology has format 2, and this version of Cell reads 1; update Cell to the version that wrote it
    "#]],
    );
    refused(
        "format = \"1\"\n[regions.eu]\nlike = 7\n",
        expect![[r#"
        `cell/topology.toml`, line 1: this is no format; write `format = 1`
        `cell/topology.toml`, line 3: `like` is no text of 1 to 255 bytes; write `like = "…"`
    "#]],
    );
    refused(
        "format = 1\n[regions.eu\n",
        expect![[r#"
        `cell/topology.toml`, line 2: this is no TOML: unclosed table, expected `]`; mend the syntax
    "#]],
    );
    let errors = Topology::parse(DEFAULT, b"format = 1 # \xff\n").expect_err("a mistake");
    assert!(errors.iter().any(|error| error.message == "byte 13 is not UTF-8"), "{errors:?}");
}

#[test]
fn an_address_has_a_host_and_a_port() {
    for (address, fine) in [
        ("node.example:7700", true),
        ("192.0.2.7:1", true),
        ("[2001:db8::7]:65535", true),
        ("node", false),
        ("node:", false),
        ("node:+1", false),
        ("node:65536", false),
        (":7700", false),
        ("2001:db8::7:7700", false),
        ("user@node:7700", false),
        ("a..b:7700", false),
        ("-a:7700", false),
    ] {
        let text = format!("{LOCAL}[nodes.n]\nregion = \"local\"\naddress = \"{address}\"\nkey = \"k\"\n");
        assert_eq!(Topology::parse(DEFAULT, text.as_bytes()).is_ok(), fine, "{address}");
    }
}

#[test]
fn each_environment_has_a_file_and_the_one_without_a_name_always() {
    let files = BTreeMap::from([
        ("cell/topology.west.toml".to_owned(), TWO.as_bytes().to_vec()),
        ("cell/topology.a-b_1.toml".to_owned(), LOCAL.as_bytes().to_vec()),
        ("cell/manifest.json".to_owned(), b"no topology".to_vec()),
    ]);
    let topologies = Topologies::parse(&files).expect("topologies");
    let environments: Vec<Option<&str>> = topologies.iter().map(|topology| topology.environment.as_deref()).collect();
    assert_eq!(environments, [None, Some("a-b_1"), Some("west")]);
    assert_eq!(topologies.get(None).map(|topology| topology.regions.len()), Some(1));
    assert!(topologies.get(Some("east")).is_none());
    for environment in [None, Some("staging")] {
        assert_eq!(environment_of(&file_of(environment)), Some(environment));
    }
    assert_eq!(environment_of("cell/topology..toml"), None);
    let mut broken = files;
    broken.insert(DEFAULT.to_owned(), b"format = 1".to_vec());
    broken.insert("cell/topology.west.toml".to_owned(), b"format = 3".to_vec());
    let errors = Topologies::parse(&broken).expect_err("mistakes");
    assert_eq!(errors.len(), 2, "of both files: {errors:?}");
    let misnamed = BTreeMap::from([("cell/topology.Staging.toml".to_owned(), LOCAL.as_bytes().to_vec())]);
    let errors = Topologies::parse(&misnamed).expect_err("a mistake");
    assert_eq!(errors.first().map(|error| error.message.as_str()), Some("the file's name names no environment"));
}
