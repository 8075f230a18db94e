//! Texts of `sql!`, right and wrong.

use expect_test::{Expect, expect};
use proc_macro2::TokenStream;

use super::{Query, Reads};

fn parsed(source: &str) -> Result<Query, Box<crate::diagnostic::Diagnostic>> {
    Query::parse(source.parse::<TokenStream>().expect("tokens"))
}

fn text(source: &str, expected: Expect) {
    let query = parsed(source).expect("a statement");
    let names: Vec<String> =
        query.parameters.iter().map(|parameter| format!("{}{:?}", parameter.name, parameter.scale)).collect();
    expected.assert_eq(&format!("{} [{}]", query.text, names.join(", ")));
}

#[test]
fn values_in_braces_are_numbered_and_nothing_else_is_touched() {
    text(
        r#""select a * b, count(*) from t where a = {a} and (b = {order.b} or {a} is null) and c > {c:.2};""#,
        expect![
            "select a * b, count(*) from t where a = $1 and (b = $2 or $1 is null) and c > $3 [aNone, order.bNone, cSome(2)]"
        ],
    );
    text(
        r#""select x{a}::int, {b}0, f({c}), {d}and, E'it\\'s', a[1:2] from t; -- done;""#,
        expect![[r#"select x $1 ::int, $2 0, f($3), $4 and, E'it\'s', a[1:2] from t [aNone, bNone, cNone, dNone]"#]],
    );
    text(
        r##"Shop, r#"select '{"a": 1}', "x{y" -- {b}
        , $q$ {} ? ; $q$ /* {d} ? */ from t where x = {self.x} {{}}"#"##,
        expect![[r#"
            select '{"a": 1}', "x{y" -- {b}
                    , $q$ {} ? ; $q$ /* {d} ? */ from t where x = $1 {} [self.xNone]"#]],
    );
}

#[test]
fn what_is_wrong_has_its_place_in_the_text() {
    let wrong = [
        r#""select {}""#,
        r#""select {a b}""#,
        r#""select {f()}""#,
        r#""select {a:.99}""#,
        r#""select {a""#,
        r#""select a}""#,
        r#""\tselect\u{e9} '{name}'""#,
        r#"r"select $1""#,
        r#""select ?""#,
        r#""select 1; -- and\n drop table t""#,
        r#""select :id""#,
        r#""select @id""#,
        r#""select $id""#,
        r#"" -- x\n Begin""#,
        r#""select Current_Timestamp""#,
        r#""select '{}, {name}'""#,
        r#""select E'it\\'s {x}'""#,
        r#""select *, 1""#,
        r#""select count(*), t.* from t""#,
        r#""delete from t RETURNING *""#,
        r#"";""#,
        r#"" ""#,
        r#""select 1" 2"#,
        "select",
        "5",
        "",
    ];
    let shown: Vec<String> = wrong
        .iter()
        .map(|source| {
            let error = parsed(source).expect_err(source);
            let place = source.get(error.span.byte_range()).unwrap_or_default();
            format!("{source}: {} at `{place}`\n", error.message)
        })
        .collect();
    expect![[r#"
        "select {}": `{}` names no value at `{}`
        "select {a b}": `{a b}` names no value at `{a b}`
        "select {f()}": `{f()}` names no value at `{f()}`
        "select {a:.99}": `:.99` is no number of digits of a decimal at `{a:.99}`
        "select {a": a `{` that nothing closes at `{`
        "select a}": a `}` that nothing opens at `}`
        "\tselect\u{e9} '{name}'": `{name}` stands in quotes, where it is text at `{name}`
        r"select $1": a parameter with a number at `$1`
        "select ?": a parameter without a name at `?`
        "select 1; -- and\n drop table t": a second statement behind the first at `drop table t`
        "select :id": a parameter of one engine at `:`
        "select @id": a parameter of one engine at `@`
        "select $id": a parameter of one engine at `$`
        " -- x\n Begin": `Begin` is about a connection, of which there are several at `Begin`
        "select Current_Timestamp": `Current_Timestamp` is of another form on each engine at `Current_Timestamp`
        "select '{}, {name}'": `{name}` stands in quotes, where it is text at `{name}`
        "select E'it\\'s {x}'": `{x}` stands in quotes, where it is text at `{x}`
        "select *, 1": `*` is whatever columns there are, and a later release may add some at `*`
        "select count(*), t.* from t": `*` is whatever columns there are, and a later release may add some at `*`
        "delete from t RETURNING *": `*` is whatever columns there are, and a later release may add some at `*`
        ";": the text has no statement at `;`
        " ": the text has no statement at ` `
        "select 1" 2: `sql!` takes the text of a statement: expected `,` at `2`
        select: `sql!` takes the text of a statement: expected `,` at ``
        5: `sql!` takes the text of a statement: expected identifier at `5`
        : `sql!` takes the text of a statement: unexpected end of input, expected string literal at ``
    "#]]
    .assert_eq(&shown.concat());
}

#[test]
fn a_place_of_the_text_is_found_in_the_source() {
    for source in [
        r#""select {id}, 'é𝄞', nme from t""#,
        "\"select {id},\r\n'é', nme from t\"",
        "r\"select {id},\r\n'é', nme from t\"",
        r#""select {id}, nme from t""#,
        r#""sel\x65ct {id},\n \u{6e}me from t""#,
        "\"select {id}, \\\n   nme from t\"",
    ] {
        let query = parsed(source).expect("a statement");
        let at = query.text.find("nme").expect("the name");
        let place = source.get(query.place(at..at + 3).byte_range()).unwrap_or_default();
        assert!(place == "nme" || place == r"\u{6e}me", "{source}: {place}");
        let at = query.text.find("$1").expect("the parameter");
        assert!(source.get(query.place(at..at + 1).byte_range()) == Some("{"), "{source}");
    }
}

#[test]
fn the_number_goes_by_text_and_database() {
    let number = |source: &str| parsed(source).expect("a statement").fingerprint();
    assert_eq!(number(r#""select 1""#), number(r##"r#"select 1"#"##));
    assert!(number(r#""select 1""#) != number(r#"Shop, "select 1""#));
    assert!(number(r#""select 1""#) != number(r#""select  1""#));
}

#[test]
fn what_may_write_is_told_by_its_words() {
    let reads = |text: &str| Query::parse(quote::quote!(#text)).expect("a statement").reads;
    for text in [
        "select name from products where id in ({id}) and price = (select max(price) from products)",
        "with recursive n(i) as (values (1) union all select i + 1 from n) select count(i) from n",
        "values (1), (2)",
        "-- a note\nselect lower(name), row_number() over (partition by kind) from products",
    ] {
        // A common table's columns stand in parentheses as a function's values do.
        let wanted = if text.starts_with("with") { Reads::Likely } else { Reads::Certainly };
        assert_eq!(reads(text), wanted, "{text}");
    }
    assert_eq!(reads("select nextval('numbers')"), Reads::Likely);
    assert_eq!(reads("select 'update', \"delete\" from products"), Reads::Certainly);
    for text in [
        "insert into products (id) values (1)",
        "update products set id = 1 returning id",
        "with gone as (delete from products returning id) select id from gone",
        "select id from products for update",
        "create index names on products (name)",
    ] {
        assert_eq!(reads(text), Reads::No, "{text}");
    }
}
