//! Who else may write a file or a folder: whoever may write a folder can put files of theirs in the place of ours.

use std::fs;

/// Users other than the owner who may write something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Others {
    /// Every user of the machine.
    Everyone,
    /// The members of a group, by its name or number.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix is asked for groups"))]
    Group(String),
}

/// Returns who else may write what was `found`; `None` if nobody may. A group of which the user is the only member, as
/// Ubuntu and Fedora make one for each user, is the user. In a sticky folder everybody may write only what is their own.
#[cfg(unix)]
pub(crate) fn other_writers(found: &fs::Metadata) -> Option<Others> {
    use std::os::unix::fs::MetadataExt as _;
    const EVERYONE_WRITES: u32 = 0o002;
    const GROUP_WRITES: u32 = 0o020;
    const STICKY: u32 = 0o1000;
    let mode = found.mode();
    if found.is_dir() && mode & STICKY != 0 {
        None
    } else if mode & EVERYONE_WRITES != 0 {
        Some(Others::Everyone)
    } else if mode & GROUP_WRITES != 0 {
        unix::shared_group(found.gid()).map(Others::Group)
    } else {
        None
    }
}

/// On Windows what is in the user's profile is the user's alone.
#[cfg(not(unix))]
pub(crate) fn other_writers(_: &fs::Metadata) -> Option<Others> {
    None
}

#[cfg(unix)]
mod unix {
    use std::fs;

    use nix::unistd::{Gid, Group, Uid, User};

    /// What the system's lists of users say of a group.
    pub(super) struct Membership<'a> {
        pub(super) user: &'a User,
        pub(super) group: &'a Group,
        /// The text of `/etc/passwd`: in the list of a group, those are missing whose first group it is.
        pub(super) users: &'a str,
    }

    impl Membership<'_> {
        /// Reports whether the group is the user's own and has no other member.
        ///
        /// The name must be the user's: it is the only sign where users are kept in a directory that lists nobody.
        pub(super) fn is_of_one(&self) -> bool {
            let Self { user, group, users } = self;
            let number = group.gid.to_string();
            let is_first_of_another = users.lines().any(|line| {
                let mut fields = line.split(':');
                let (name, group) = (fields.next(), fields.nth(2));
                group == Some(number.as_str()) && name != Some(user.name.as_str())
            });
            user.gid == group.gid
                && user.name == group.name
                && group.mem.iter().all(|member| *member == user.name)
                && !is_first_of_another
        }
    }

    /// Returns the name of the group `id`, or its number, if it may have members other than this user.
    pub(super) fn shared_group(id: u32) -> Option<String> {
        let group = Group::from_gid(Gid::from_raw(id)).ok().flatten();
        let user = User::from_uid(Uid::effective()).ok().flatten();
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let is_of_one = match (&user, &group) {
            (Some(user), Some(group)) => Membership {
                user,
                group,
                users: &users,
            }
            .is_of_one(),
            // Nobody knows who is in it.
            _ => false,
        };
        (!is_of_one).then(|| group.map_or_else(|| id.to_string(), |group| group.name))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use nix::unistd::{Gid, Group, Uid, User};

    use super::{unix::Membership, *};

    #[test]
    fn a_group_is_the_users_own_if_it_has_the_users_name_and_no_other_member() {
        let user = User {
            name: "ada".to_owned(),
            uid: Uid::from_raw(1000),
            gid: Gid::from_raw(1000),
            ..User::from_uid(Uid::from_raw(0)).unwrap().unwrap()
        };
        let alone = "root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\n";
        let second = "bob:x:1001:1000::/home/bob:/bin/sh\n";
        let cases: [(&str, u32, &[&str], &str, bool); 6] = [
            ("ada", 1000, &[], alone, true),
            ("ada", 1000, &["ada"], alone, true),
            ("ada", 1000, &["bob"], alone, false),
            ("ada", 1000, &[], &[alone, second].concat(), false),
            ("staff", 1000, &[], alone, false),
            ("ada", 1001, &[], alone, false),
        ];
        for (name, gid, members, users, is_of_one) in cases {
            let group = Group {
                name: name.to_owned(),
                gid: Gid::from_raw(gid),
                mem: members.iter().map(ToString::to_string).collect(),
                ..Group::from_gid(Gid::from_raw(0)).unwrap().unwrap()
            };
            let user = &user;
            let membership = Membership {
                user,
                group: &group,
                users,
            };
            assert_eq!(
                membership.is_of_one(),
                is_of_one,
                "{name} {gid} {members:?} {users}"
            );
        }
    }

    #[test]
    fn what_a_group_without_a_name_may_write_is_written_by_others() {
        use std::os::unix::fs::{PermissionsExt as _, chown};
        let folder = tempfile::tempdir().unwrap();
        let look = |mode| {
            fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
            other_writers(&fs::metadata(&folder).unwrap())
        };
        assert_eq!(look(0o755), None);
        assert_eq!(look(0o777), Some(Others::Everyone));
        assert_eq!(look(0o1777), None);
        // Only root gives a folder to a group that it is not in.
        if chown(&folder, None, Some(54_321)).is_ok() {
            assert_eq!(look(0o770), Some(Others::Group("54321".to_owned())));
            assert_eq!(look(0o1770), None);
            assert_eq!(look(0o750), None);
        }
    }
}
