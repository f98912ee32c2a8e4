//! What is wrong with a file of bans, and what to do.

use std::fmt;

use super::{Language, say};
use crate::room::BanFileError;

pub(super) fn write(
    f: &mut fmt::Formatter<'_>,
    language: Language,
    error: &BanFileError,
) -> fmt::Result {
    match error {
        BanFileError::Unreadable { file, error } => {
            let file = file.display();
            say!(
                f,
                language,
                "cannot read the state file {file}: {error}; give --state a file that this user can read and write",
                "无法读取状态文件 {file}：{error}；请让 --state 指向当前用户可读写的文件"
            )
        }
        BanFileError::Unwritable { file, error } => {
            let file = file.display();
            say!(
                f,
                language,
                "cannot write the state file {file}: {error}; give --state a file in a folder that exists and that this user \
                 can write to",
                "无法写入状态文件 {file}：{error}；请让 --state 指向一个存在且当前用户可写的文件夹里的文件"
            )
        }
        BanFileError::Newer { file, version } => {
            let file = file.display();
            say!(
                f,
                language,
                "the state file {file} was written by a newer `chat` (version {version} of the file); use that one, or give \
                 --state another file",
                "状态文件 {file} 是更新版的 `chat` 写的（文件版本 {version}）；请用那个版本，或让 --state 指向别的文件"
            )
        }
        BanFileError::Damaged { file, why, kept } => {
            let (file, kept) = (file.display(), kept.display());
            say!(
                f,
                language,
                "the state file {file} is damaged ({why}); it was kept as {kept}: mend it and give it its name back, or start \
                 again without its bans",
                "状态文件 {file} 已损坏（{why}），已另存为 {kept}：请修好后改回原名，或不带其中的封禁重新启动"
            )
        }
        BanFileError::DamagedAndStuck { file, why, error } => {
            let file = file.display();
            say!(
                f,
                language,
                "the state file {file} is damaged ({why}) and cannot be renamed ({error}); mend it, or give --state another \
                 file",
                "状态文件 {file} 已损坏（{why}），而且无法改名（{error}）；请修好它，或让 --state 指向别的文件"
            )
        }
    }
}
