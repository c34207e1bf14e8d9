use super::*;

#[test]
fn a_place_is_read_as_it_is_written() {
    let cases = [
        ("s3://tasks/anna", "s3://tasks/anna"),
        ("s3://tasks/a/b/", "s3://tasks/a/b"),
        ("s3://tasks/my%20tasks", "s3://tasks/my%20tasks"),
        ("s3://tasks/ä b", "s3://tasks/%C3%A4%20b"),
        (
            "s3://t/f?region=auto&endpoint=https://store.example:9000/",
            "s3://t/f?endpoint=https://store.example:9000&region=auto",
        ),
        ("rqlite://db1,db2:4101", "rqlite://db1:4001,db2:4101/tasks"),
        (
            "rqlite+http://[fd00::1]:4001,[::1]/team-1",
            "rqlite+http://[fd00::1]:4001,[::1]:4001/team-1",
        ),
    ];
    for (given, written) in cases {
        let place: Place = given.parse().unwrap();
        assert_eq!(place.to_string(), written);
        assert_eq!(written.parse(), Ok(place));
    }
}

#[test]
fn a_password_in_a_place_is_refused_and_not_repeated() {
    for (given, instead) in [
        ("s3://key:SECRET@tasks/anna", "AWS_SECRET_ACCESS_KEY"),
        ("s3://key:SE/SECRET+x@tasks/anna", "AWS_SECRET_ACCESS_KEY"),
        ("s3://tasks/anna?secret=SECRET", "endpoint=URL"),
        (
            "s3://tasks/anna?endpoint=https://u:SECRET@store.example",
            "without a path or a user",
        ),
        ("rqlite://u:SECRET@db1,db2", "TASKHOLD_RQLITE_PASSWORD"),
        ("rqlite://u:SE/SECRET@db1,db2", "TASKHOLD_RQLITE_PASSWORD"),
        ("rqlite+http://u:SECRET@db1", "TASKHOLD_RQLITE_PASSWORD"),
        ("https://u:SECRET@store.example/x", "s3://BUCKET/FOLDER"),
        ("u:SECRET@store.example", "s3://BUCKET/FOLDER"),
    ] {
        let said = given.parse::<Place>().unwrap_err().to_string();
        assert!(
            !said.contains("SECRET@") && !said.contains("=SECRET"),
            "{said}"
        );
        assert!(
            !said.replace("AWS_SECRET_ACCESS_KEY", "").contains("SECRET"),
            "{said}"
        );
        assert!(said.contains(instead), "{said}");
    }
}

#[test]
fn the_same_log_is_known_by_any_of_its_places() {
    let same = |one: &str, other: &str| {
        let [one, other] = [one, other].map(|text| text.parse::<Place>().unwrap());
        one.is_where(&other)
    };
    assert!(same("s3://t/a", "s3://t/a/?region=auto"));
    assert!(same("s3://t/a", "s3://t/a?endpoint=https://x.example"));
    assert!(!same(
        "s3://t/a?endpoint=https://y.example",
        "s3://t/a?endpoint=https://x.example"
    ));
    assert!(!same("s3://t/a", "s3://t/b"));
    assert!(same("rqlite://a,b", "rqlite+http://b:4001/tasks"));
    assert!(!same("rqlite://a,b", "rqlite://a,b/next"));
    assert!(!same("rqlite://a", "s3://t/a"));
}

#[test]
fn what_is_no_place_is_named() {
    let cases = [
        ("tasks", "s3://BUCKET/FOLDER"),
        ("https://store.example", "s3://BUCKET/FOLDER"),
        ("s3://tasks", "name a folder"),
        ("s3:///anna", "bucket's name"),
        ("s3://tasks/a//b", "empty name"),
        ("s3://tasks/../b", "dot name"),
        ("s3://tasks/a%0Ab", "control character"),
        ("s3://tasks/a%FF", "UTF-8"),
        ("s3://tasks/a?region=a/b", "a region"),
        ("s3://tasks/a?key=secret", "endpoint=URL"),
        ("s3://tasks/a?endpoint=store.example", "an URL"),
        ("s3://tasks/a?endpoint=https://u:p@store.example", "a user"),
        ("rqlite://", "a node is"),
        ("rqlite://a,,b", "a node is"),
        ("rqlite://a:0", "a node is"),
        ("rqlite://::1", "brackets"),
        ("rqlite://u:p@a", "TASKHOLD_RQLITE_PASSWORD"),
        ("rqlite://a/b/c", "letters, digits"),
    ];
    for (given, said) in cases {
        let refusal = given.parse::<Place>().unwrap_err().to_string();
        assert!(refusal.contains(said), "{given}: {refusal}");
    }
    assert_eq!(
        format!("s3://tasks/{}", "a".repeat(2_000)).parse::<Place>(),
        Err(PlaceError::Long)
    );
}

#[test]
fn what_the_environment_says_goes_into_the_place() {
    let environment = Environment::of(
        &[
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:9000/"),
            ("AWS_REGION", "auto"),
        ],
        None,
    );
    let place: Place = "s3://tasks/anna".parse().unwrap();
    assert_eq!(
        place.resolved(&environment).unwrap().to_string(),
        "s3://tasks/anna?endpoint=http://127.0.0.1:9000&region=auto"
    );
    let place: Place = "s3://tasks/anna?endpoint=https://store.example&region=r"
        .parse()
        .unwrap();
    assert_eq!(
        place.clone().resolved(&environment).unwrap(),
        place,
        "the place goes first"
    );
    let environment = Environment::of(&[("AWS_ENDPOINT_URL", "127.0.0.1")], None);
    let place: Place = "s3://tasks/anna".parse().unwrap();
    assert!(
        place
            .resolved(&environment)
            .unwrap_err()
            .to_string()
            .contains("an URL")
    );
}

#[test]
fn credentials_go_in_clear_to_this_machine_alone() {
    let keys = [("AWS_ACCESS_KEY_ID", "k"), ("AWS_SECRET_ACCESS_KEY", "s")];
    let login = [
        ("TASKHOLD_RQLITE_USER", "u"),
        ("TASKHOLD_RQLITE_PASSWORD", "p"),
    ];
    let open = |place: &str, variables: &[(&str, &str)]| {
        let place: Place = place.parse().unwrap();
        place.open(Environment::of(variables, None), None).map(drop)
    };
    let refusal = open("s3://t/f?endpoint=http://store.example", &keys)
        .unwrap_err()
        .to_string();
    assert!(refusal.contains("in clear to store.example"), "{refusal}");
    assert_eq!(open("s3://t/f?endpoint=http://127.0.0.1:9", &keys), Ok(()));
    let refusal = open("rqlite+http://127.0.0.1,db.example", &login)
        .unwrap_err()
        .to_string();
    assert!(refusal.contains("in clear to db.example"), "{refusal}");
    assert_eq!(open("rqlite+http://db.example", &[]), Ok(()));
    assert_eq!(open("rqlite://127.0.0.1", &login), Ok(()));
}

#[test]
fn a_store_without_region_and_endpoint_is_asked_for() {
    let keys = [("AWS_ACCESS_KEY_ID", "k"), ("AWS_SECRET_ACCESS_KEY", "s")];
    let place: Place = "s3://tasks/anna".parse().unwrap();
    let refusal = place
        .open(Environment::of(&keys, None), None)
        .map(drop)
        .unwrap_err();
    assert!(refusal.to_string().contains("AWS_REGION"), "{refusal}");
}

#[test]
fn credentials_are_kept_unless_they_expire() {
    let keys = [("AWS_ACCESS_KEY_ID", "k"), ("AWS_SECRET_ACCESS_KEY", "s")];
    let place: Place = "s3://tasks/anna".parse().unwrap();
    let kept = place.login_to_keep(&Environment::of(&keys, None)).unwrap();
    assert_eq!((kept.user.as_str(), kept.password.as_str()), ("k", "s"));
    let expiring = [keys[0], keys[1], ("AWS_SESSION_TOKEN", "t")];
    assert_eq!(place.login_to_keep(&Environment::of(&expiring, None)), None);
}
