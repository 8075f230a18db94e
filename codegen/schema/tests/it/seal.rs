//! What a release sealed: never rewritten, and found out when somebody edits it, its chain or the seal.

use cell_schema::hints::Hints;
use cell_schema::history::{next, read_sealed, seal, write};
use cell_schema::schema::Type;
use expect_test::expect;

use crate::build::{TEXT, nullable, schema, shown};
use crate::history::{edit, error, first, grown, sealed, second, story, text};

#[test]
fn the_change_after_a_seal_opens_the_next_number() {
    let before = write(&sealed());
    let mut third = second();
    third.tables[0].columns.push(nullable("note", TEXT));
    let history = grown(Some(&sealed()), &third);
    assert_eq!((history.migrations.len(), history.sealed), (3, 2));
    let after = write(&history);
    for (file, bytes) in before.iter().filter(|(file, _)| file.starts_with("migrations/") || *file == "sealed") {
        assert_eq!(after.get(file), Some(bytes), "{file}");
    }
    // What undoes the open change leaves the sealed history as it was, and not the undoing of a sealed one.
    assert_eq!(write(&grown(Some(&history), &second())), before);
    expect![[r#"
        shop.crates.rating: column `rating` is dropped with its values [values-deleted]; to let it happen, pass `--allow values-deleted=shop.crates.rating`
    "#]]
    .assert_eq(&shown(&next(Some(&sealed()), &first(), &Hints::default()).expect_err("refused")));
}

#[test]
fn a_seal_is_the_chains_last_sealed_line() {
    assert!(!write(&grown(None, &first())).contains_key("sealed"));
    let files = write(&story());
    assert_eq!(text(&files, "chain").lines().next(), text(&files, "sealed").lines().next());
    let files = write(&sealed());
    assert_eq!(text(&files, "chain").lines().last(), text(&files, "sealed").lines().last());
    assert_eq!(text(&files, "sealed").lines().count(), 1);
    // Where there is no migration, there is nothing to seal.
    let empty = grown(None, &schema([]));
    assert_eq!(seal(&empty), empty);
    assert_eq!(seal(&sealed()), sealed());
}

#[test]
fn a_seal_that_is_not_the_chains_is_refused() {
    let files = write(&sealed());
    let with = |text: &[u8]| {
        let mut files = files.clone();
        files.insert("sealed".to_owned(), text.to_vec());
        files
    };
    let (one, two) = text(&files, "chain").split_once('\n').map(|(a, b)| (a.to_owned(), b.to_owned())).expect("lines");
    let first_hash = one.split(' ').nth(1).expect("a hash");
    let mut shorter = write(&grown(None, &first()));
    shorter.insert("sealed".to_owned(), two.clone().into_bytes());
    // An edited migration whose hashes were made to fit: the chain alone would not tell.
    let mut other = second();
    other.tables[0].columns[1].ty = Type::I32;
    let mut forged = write(&grown(Some(&seal(&grown(None, &first()))), &other));
    forged.insert("sealed".to_owned(), two.clone().into_bytes());
    let cases = [
        shorter,
        forged,
        with(format!("0002_add_stars {first_hash}\n").as_bytes()),
        with(format!("0002_add_rating {first_hash}\n").as_bytes()),
        with(format!("{one}\n{two}").as_bytes()),
        with(b"<<<<<<< HEAD\n"),
        with(b"0002_add_rating"),
        with(b"0000_x 00"),
        with(b""),
        with(&[0xFF]),
    ];
    let mut text = String::new();
    for files in cases {
        let error = error(&files);
        assert_eq!(read_sealed(&files), Err(error.clone()));
        text.push_str(&format!("{error}\n"));
    }
    expect![[r#"
        sealed: a release sealed `0002_add_rating`, and the chain ends before it [history-behind]; take `sealed`, `chain` and the migrations from version control, where the release was made
        sealed: `0002_add_rating` or an earlier migration is not as it was when a release sealed it [history-seal]; take `sealed`, `chain` and the migrations from version control, where the release was made
        sealed: a release sealed `0002_add_stars`, and the chain has `0002_add_rating` in its place [history-seal]; take `sealed`, `chain` and the migrations from version control, where the release was made
        sealed: `0002_add_rating` or an earlier migration is not as it was when a release sealed it [history-seal]; take `sealed`, `chain` and the migrations from version control, where the release was made
        sealed: it is not one migration's name and hash [history-format]; where two branches sealed migrations, `cargo cell migrate rebase --keep` one of them, and build the other's changes again
        sealed: `<<<<<<<` is no migration's name [history-format]; migrations are called `0001_create_crates`; take the file from version control
        sealed: it is not one migration's name and hash [history-format]; where two branches sealed migrations, `cargo cell migrate rebase --keep` one of them, and build the other's changes again
        sealed: `0000_x` is no migration's name [history-format]; migrations are called `0001_create_crates`; take the file from version control
        sealed: it is not one migration's name and hash [history-format]; where two branches sealed migrations, `cargo cell migrate rebase --keep` one of them, and build the other's changes again
        sealed: byte 0 is not UTF-8 [history-unreadable]; take the files from version control; a sealed migration never changes, and an open one is rewritten by `cargo cell build`
    "#]].assert_eq(&text);
}

#[test]
fn files_of_sealed_migrations_are_all_known() {
    for stray in ["migrations/0002_add_rating/notes.txt", "migrations/0001_another/change.json", "migrations/x"] {
        let mut files = write(&sealed());
        files.insert(stray.to_owned(), b"{}".to_vec());
        assert_eq!(read_sealed(&files).expect_err("an error").code, "history-stray", "{stray}");
    }
    let one = "migrations/0001_create_crates_and_1_more/expand.sqlite.sql";
    assert_eq!(read_sealed(&edit(&write(&sealed()), one, "TEXT", "BLOB")).expect_err("edited").code, "history-edited");
}
