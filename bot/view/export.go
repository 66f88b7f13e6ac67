package view

import (
	"fmt"

	"okrbot/okr"
)

// Exported are the words beside an export's files.
func Exported(objectives, keyResults, files int) string {
	twice := ""
	if files > 1 {
		twice = "The same table twice: CSV for spreadsheets, JSON for programs. "
	}
	holds := okr.CountWords(objectives, "objective")
	if keyResults > 0 {
		holds += " and " + okr.CountWords(keyResults, "key result")
	}
	return fmt.Sprintf("Your export: %s. %sReadings, check-ins and values by hand are not in it: `okrbot export --history` on the machine writes those.",
		holds, twice)
}

// NotExported says why an export's files do not come, by Slack's error, and what to do.
func NotExported(code string) Message {
	why, next := "Slack did not take the files ("+code+").", "Try again later with `/okr export`."
	switch code {
	case "missing_scope":
		why = "okrbot may not send files here: it lacks the scope `files:write`."
		next = "Ask who administers okrbot to add that scope and to install the app again."
	case "file_uploads_disabled", "slack_connect_file_upload_sharing_blocked", "blocked_file_type":
		why, next = "This workspace does not allow such files.", "Ask its administrators."
	case "file_upload_size_restricted", "storage_limit_reached":
		why, next = "The files are too large for this workspace.", "Ask its administrators."
	case "failed":
		why = "Something went wrong on our side."
	}
	return Text("Your export was not sent. " + why + " " + next + " On the machine itself, `okrbot export` writes the same files.")
}
