package desk

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/slack-go/slack"

	"okrbot/jobs"
)

// Share sends files to a person, with words, as one message: Slack is asked where each is to go, gets
// its bytes there, and shows them all at once.
func (s *Slack) Share(ctx context.Context, person, words string, files []*jobs.File) error {
	channel, _, _, err := s.api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{person}})
	if err := s.counted("conversations.open", err); err != nil {
		return unshown(err)
	}
	var summaries []slack.FileSummary
	for _, f := range files {
		place, err := s.api.GetUploadURLExternalContext(ctx, slack.GetUploadURLExternalParameters{FileName: f.Name, FileSize: int(f.Size)})
		if err := s.counted("files.getUploadURLExternal", err); err != nil {
			return unshown(err)
		}
		if err := s.counted("upload_url", s.upload(ctx, place.UploadURL, f)); err != nil {
			return unshown(err)
		}
		summaries = append(summaries, slack.FileSummary{ID: place.FileID, Title: f.Name})
	}
	_, err = s.api.CompleteUploadExternalContext(ctx, slack.CompleteUploadExternalParameters{
		Files: summaries, Channel: channel.ID, InitialComment: words,
	})
	return s.counted("files.completeUploadExternal", err)
}

// unshown is an error before files are shown: whatever arrived, nobody sees it.
func unshown(err error) error {
	var u *jobs.Undelivered
	if errors.As(err, &u) && u.Kind == jobs.Ambiguous {
		return &jobs.Undelivered{Kind: jobs.NotSent, Code: u.Code}
	}
	return err
}

// upload brings a file's bytes to where Slack wants them: a host of Slack's own and nowhere else. The
// address is the permission, so our token does not go there.
func (s *Slack) upload(ctx context.Context, address string, f *jobs.File) error {
	u, err := url.Parse(address)
	if err != nil || !s.takesFiles(u) {
		return slack.SlackErrorResponse{Err: "upload_url_elsewhere"}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, http.NoBody)
	if err != nil {
		return err
	}
	req.Body, req.ContentLength = io.NopCloser(f.Content), f.Size
	req.Header.Set("Content-Type", "application/octet-stream")
	answer, err := s.uploads.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return slack.StatusCodeError{Code: answer.StatusCode, Status: answer.Status}
	}
	return nil
}

// takesFiles says whether an address is one of Slack's; a local Slack's is on this machine.
func (s *Slack) takesFiles(u *url.URL) bool {
	host := u.Hostname()
	if s.insecure {
		return u.Scheme == "http" && (host == "localhost" || host == "127.0.0.1")
	}
	ours := func(domain string) bool { return host == domain || strings.HasSuffix(host, "."+domain) }
	return u.Scheme == "https" && u.User == nil && u.Port() == "" && (ours("slack.com") || ours("slack-gov.com"))
}
