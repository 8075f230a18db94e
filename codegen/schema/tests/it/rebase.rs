//! Two branches that both added migrations: what is sealed stays, what is open comes behind it.

use std::collections::BTreeSet;

use cell_schema::Engine;
use cell_schema::hints::{Data, Hints};
use cell_schema::history::{History, HistoryError, Rebased, next, read, read_sealed, rebase, seal, sides, write};
use cell_schema::schema::Schema;
use expect_test::expect;

use crate::build::{TEXT, nullable};
use crate::history::{Files, first, grown, text};

fn with(name: &str) -> Schema {
    let mut schema = first();
    schema.tables[0].columns.push(nullable(name, TEXT));
    schema
}

fn base() -> History {
    seal(&grown(None, &first()))
}

/// Two branches, merged.
struct Merge {
    tree: Files,
    branches: [Files; 2],
}

impl Merge {
    fn of(ours: &History, theirs: &History) -> Self {
        Self::after(&write(&base()), ours, theirs)
    }

    fn after(base: &Files, ours: &History, theirs: &History) -> Self {
        let branches = [write(ours), write(theirs)];
        Self { tree: merged(base, &branches[0], &branches[1]), branches }
    }

    fn rebase(&self, keep: Option<&str>) -> Result<Rebased, HistoryError> {
        rebase(&self.tree, &self.branches, keep)
    }

    /// The files afterwards, and what was said of them.
    fn rebased(&self, keep: Option<&str>) -> (Files, Rebased) {
        let rebased = self.rebase(keep).expect("rebased");
        let mut files = self.tree.clone();
        files.retain(|path, _| !rebased.removals.contains(path));
        files.extend(rebased.files.clone());
        (files, rebased)
    }
}

/// Two branches' files as git merges them: a file that both wrote has both texts in it.
fn merged(base: &Files, ours: &Files, theirs: &Files) -> Files {
    let paths: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let mut files = Files::new();
    for path in paths {
        let (earlier, our, their) = (base.get(path), ours.get(path), theirs.get(path));
        let bytes = match (our, their) {
            (Some(our), Some(their)) if our != their && Some(our) != earlier && Some(their) != earlier => {
                let texts = [our, their].map(|bytes| String::from_utf8(bytes.clone()).expect("UTF-8"));
                let shared = texts[0].lines().zip(texts[1].lines()).take_while(|(one, other)| one == other).count();
                let part =
                    |text: &str, skip| text.lines().skip(skip).map(|line| format!("{line}\n")).collect::<String>();
                let head: String = texts[0].lines().take(shared).map(|line| format!("{line}\n")).collect();
                let [our, their] = [part(&texts[0], shared), part(&texts[1], shared)];
                format!("{head}<<<<<<< HEAD\n{our}=======\n{their}>>>>>>> main\n").into_bytes()
            }
            (Some(our), their) if Some(our) != earlier || their.is_none() => our.clone(),
            (_, Some(their)) => their.clone(),
            (our, None) => our.cloned().unwrap_or_default(),
        };
        files.insert(path.clone(), bytes);
    }
    files
}

fn with_data(before: &History, model: &Schema, sql: &str) -> History {
    let texts = [(Engine::Sqlite, sql.to_owned())].into();
    let hints = Hints { data: Some(Data { name: "fix".to_owned(), texts }), ..Hints::default() };
    next(Some(before), model, &hints).expect("a history")
}

#[test]
fn what_is_open_comes_behind_what_the_other_branch_sealed() {
    let (ours, theirs) = (grown(Some(&base()), &with("ours")), seal(&grown(Some(&base()), &with("theirs"))));
    for (one, other) in [(&ours, &theirs), (&theirs, &ours)] {
        let merge = Merge::of(one, other);
        assert!(text(&merge.tree, "chain").contains("<<<<<<<"), "{}", text(&merge.tree, "chain"));
        assert_eq!(read_sealed(&merge.tree).expect_err("marks").code, "history-format");
        let (after, rebased) = merge.rebased(None);
        assert_eq!(rebased.onto.as_deref(), Some("0002_add_theirs"));
        assert_eq!((rebased.reopened.len(), rebased.by_hand.as_deref()), (0, None));
        assert_eq!(after, write(&theirs));
        // Without git, its marks say the same.
        assert_eq!(rebase(&merge.tree, &sides(&merge.tree).expect("texts"), None).expect("rebased"), rebased);
        // What both branches say is in the sources by then.
        let mut both = with("theirs");
        both.tables[0].columns.push(nullable("ours", TEXT));
        let history = grown(Some(&read(&after).expect("a history")), &both);
        let names: Vec<&str> = history.migrations.iter().map(|migration| migration.name.as_str()).collect();
        assert_eq!(names[1..], ["0002_add_theirs", "0003_add_ours"]);
        for tree in [after, write(&history)] {
            let in_order = Merge { tree, ..Merge::of(one, other) };
            assert_eq!(in_order.rebase(None).expect("nothing to do"), Rebased::default());
        }
    }
}

#[test]
fn what_git_makes_of_two_texts_is_not_taken_for_either() {
    // Both branches call it alike, and a merge without a conflict is neither's.
    let mut longer = with("one");
    longer.tables[0].columns.push(nullable("two", TEXT));
    longer.tables[0].columns.push(nullable("three", TEXT));
    let mut other = with("one");
    other.tables[0].columns.push(nullable("four", TEXT));
    other.tables[0].columns.push(nullable("five", TEXT));
    let (ours, theirs) = (grown(Some(&base()), &longer), seal(&grown(Some(&base()), &other)));
    let mut merge = Merge::of(&ours, &theirs);
    let folder = &theirs.migrations[1].folder();
    let change = format!("{folder}/change.json");
    assert_ne!(merge.branches[0][&change], merge.branches[1][&change], "both have this file");
    merge.tree.insert(change.clone(), b"{\"neither\": true}".to_vec());
    let (after, rebased) = merge.rebased(None);
    assert_eq!((after, rebased.onto.as_deref()), (write(&theirs), Some(theirs.migrations[1].name.as_str())));
}

#[test]
fn what_is_open_on_both_branches_is_written_anew() {
    let (ours, theirs) = (grown(Some(&base()), &with("ours")), grown(Some(&base()), &with("theirs")));
    let (after, rebased) = Merge::of(&ours, &theirs).rebased(None);
    assert_eq!(rebased.onto.as_deref(), Some("0001_create_crates_and_1_more"));
    assert_eq!(after, write(&base()));
    // Before the first release nothing is there to come behind.
    let (ours, theirs) = (grown(None, &with("ours")), grown(None, &with("theirs")));
    let (after, rebased) = Merge::after(&Files::new(), &ours, &theirs).rebased(None);
    assert_eq!((rebased.onto.as_deref(), after), (None, Files::new()));
}

#[test]
fn of_two_that_are_sealed_the_one_that_was_deployed_is_named() {
    let (ours, theirs) = (seal(&grown(Some(&base()), &with("ours"))), seal(&grown(Some(&base()), &with("theirs"))));
    let merge = Merge::of(&ours, &theirs);
    for keep in [None, Some("0002_add_others")] {
        expect![[r#"sealed: both branches sealed migrations: one up to `0002_add_ours`, the other up to `0002_add_theirs` [history-branches]; say which were deployed: `cargo cell migrate rebase --keep 0002_add_ours`, or `--keep 0002_add_theirs`; the other's are open again"#]]
        .assert_eq(&merge.rebase(keep).expect_err("a choice").to_string());
    }
    let (after, rebased) = merge.rebased(Some("0002_add_ours"));
    assert_eq!(rebased.reopened, ["0002_add_theirs"]);
    assert_eq!(after, write(&ours));
    // Two of one name are told apart as git tells them apart.
    let (one, other) = (with_data(&base(), &with("one"), "-- a\nSELECT 1;\n"), grown(Some(&base()), &with("one")));
    let merge = Merge::of(&seal(&one), &seal(&other));
    assert!(merge.rebase(Some("0002_add_one")).expect_err("a choice").help.contains("`--keep theirs`"));
    assert_eq!(merge.rebased(Some("ours")).0, write(&seal(&one)));
    let (mut after, rebased) = merge.rebased(Some("theirs"));
    let by_hand = format!("{}/data.sqlite.sql", rebased.by_hand.expect("SQL by hand"));
    assert_eq!(after.remove(&by_hand).expect("a file"), b"-- a\nSELECT 1;\n");
    assert_eq!(after, write(&seal(&other)));
    // One that went on from where the other was is the one that stays.
    let mut more = with("ours");
    more.tables[0].columns.push(nullable("more", TEXT));
    let further = seal(&grown(Some(&ours), &more));
    let mut merge = Merge::of(&ours, &further);
    merge.tree.insert("chain".to_owned(), b"<<<<<<< a\n=======\n>>>>>>> b\n".to_vec());
    assert_eq!(merge.rebased(None).0, write(&further));
}

#[test]
fn sql_by_hand_goes_with_what_is_open() {
    let (text_of_ours, text_of_theirs) =
        ("-- ours\nUPDATE crates SET x = 1;\n", "-- theirs\nUPDATE crates SET x = 2;\n");
    let ours = with_data(&base(), &with("ours"), text_of_ours);
    let theirs = with_data(&base(), &with("theirs"), text_of_theirs);
    let (after, rebased) = Merge::of(&ours, &seal(&theirs)).rebased(None);
    assert_eq!(rebased.by_hand.as_deref(), Some("migrations/0003_add_ours"));
    assert_eq!(text(&after, "migrations/0003_add_ours/data.sqlite.sql"), text_of_ours);
    assert_eq!(text(&after, "migrations/0002_add_theirs/data.sqlite.sql"), text_of_theirs);

    // That of both branches runs in the order of their folders' names.
    let (after, _) = Merge::of(&ours, &theirs).rebased(None);
    let both = format!("{text_of_ours}\n{text_of_theirs}");
    assert_eq!(text(&after, "migrations/0002_add_ours/data.sqlite.sql"), both);
    assert!(!after.contains_key("migrations/0002_add_theirs/data.sqlite.sql"));

    // Both branches call theirs alike: what is sealed is as it was, and ours moves on.
    let (ours, theirs) =
        (with_data(&base(), &with("one"), text_of_ours), with_data(&base(), &with("one"), text_of_theirs));
    let merge = Merge::of(&ours, &seal(&theirs));
    let (mut after, _) = merge.rebased(None);
    let moved = "migrations/0003_add_one/data.sqlite.sql";
    assert_eq!(after.remove(moved).expect("a file"), text_of_ours.as_bytes());
    assert_eq!(after, write(&seal(&theirs)));

    // What was edited in the merge is kept, and what is half resolved is not touched.
    let place = "migrations/0002_add_one/data.sqlite.sql";
    let edited = |text: &str| {
        let mut tree = merge.tree.clone();
        tree.insert(place.to_owned(), text.as_bytes().to_vec());
        Merge { tree, branches: merge.branches.clone() }
    };
    assert_eq!(text(&edited("SELECT 3;\n").rebased(None).0, moved), "SELECT 3;\n");
    let half = edited("<<<<<<< a\nSELECT 3;\n=======\n>>>>>>> b\n");
    assert_eq!(half.rebase(None).expect_err("marks").code, "history-branches");
}

#[test]
fn what_was_sealed_and_edited_is_no_ground_to_stand_on() {
    let (ours, theirs) = (grown(Some(&base()), &with("ours")), seal(&grown(Some(&base()), &with("theirs"))));
    let mut merge = Merge::of(&ours, &theirs);
    let change = "migrations/0002_add_theirs/change.json";
    let edited = text(&merge.branches[1], change).replace("theirs", "other");
    merge.branches[1].insert(change.to_owned(), edited.into_bytes());
    assert_eq!(merge.rebase(None).expect_err("edited").code, "history-edited");
    merge.branches[1].insert("chain".to_owned(), b"\xFF".to_vec());
    assert_eq!(merge.rebase(None).expect_err("bytes").code, "history-unreadable");
    merge.branches[1].insert("chain".to_owned(), b"<<<<<<<\n=======\n=======\n|||||||".to_vec());
    assert_eq!(merge.rebase(None).expect_err("nothing").code, "history-branches");
    assert_eq!(sides(&[("x".to_owned(), b"\xFF".to_vec())].into()).expect_err("bytes").code, "history-unreadable");
}
