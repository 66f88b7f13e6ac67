package slack

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// File is a file in a message.
type File struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Title    string `json:"title"`
	Size     int    `json:"size"`
	Download string `json:"url_private_download"`

	ticket  string // of the address that takes its bytes
	content []byte // nil: not brought yet
	shared  bool   // its upload was completed, which can be done once
}

// filesURL is where files are brought to and fetched from: a host of its own, as at Slack.
func (s *Slack) filesURL() string {
	return strings.Replace(s.o.BaseURL, "//127.0.0.1", "//localhost", 1)
}

// uploadURL begins an upload: it says where the bytes are to go.
func (s *Slack) uploadURL(c call) map[string]any {
	name, length := c.str("filename"), c.str("length")
	n, err := strconv.Atoi(length)
	switch {
	case name == "", length == "", err == nil && n == 0:
		return failed("missing_argument")
	case err != nil || n < 0:
		return failed("invalid_arguments", "must be a positive integer [json-pointer:/length]")
	}
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // it never fails
	f := &File{ID: "F" + strings.ToUpper(strconv.FormatInt(s.next()+1e6, 36)), Name: name, Title: name, Size: n, ticket: hex.EncodeToString(raw)}
	f.Download = s.filesURL() + "/files-pri/" + f.ID + "-" + f.ticket[:8] + "/download/" + url.PathEscape(name)
	s.files[f.ID] = f
	return map[string]any{"ok": true, "upload_url": s.filesURL() + "/upload/v1/" + f.ticket, "file_id": f.ID}
}

// completeUpload shows files in a channel, all in one message, or leaves them private.
func (s *Slack) completeUpload(c call) map[string]any {
	list, ok := c.args["files"].([]any)
	if !ok || len(list) == 0 {
		return failed("invalid_arguments", "missing required field: files")
	}
	var files []*File
	var shown []map[string]any
	for _, one := range list {
		summary, _ := one.(map[string]any)
		id, _ := summary["id"].(string)
		f := s.files[id]
		if f == nil || f.content == nil || f.shared {
			return failed("file_not_found")
		}
		if title, _ := summary["title"].(string); title != "" {
			f.Title = title
		}
		files = append(files, f)
		shown = append(shown, map[string]any{"id": f.ID, "title": f.Title})
	}
	places := strings.FieldsFunc(c.str("channel_id")+","+c.str("channels"), func(r rune) bool { return r == ',' })
	if len(places) > 100 {
		return failed("invalid_arguments", "no more than 100 channels allowed [json-pointer:/channels]")
	}
	var channels []*Channel
	for _, id := range places {
		// A message goes to a person by their id; a file goes to channels alone.
		if s.people[id] != nil {
			return failed("channel_not_found")
		}
		ch, why := s.reachable(id)
		if why != "" {
			return failed(why)
		}
		channels = append(channels, ch)
	}
	m := Message{User: s.botUser, Thread: c.str("thread_ts"), Text: c.str("initial_comment")}
	for _, f := range files {
		f.shared = true
		m.Files = append(m.Files, *f)
	}
	for _, ch := range channels {
		own := m
		own.TS = s.ts()
		ch.Messages = append(ch.Messages, &own)
	}
	s.changed()
	return map[string]any{"ok": true, "files": shown}
}

// serveFiles is the host of files: the address alone is the permission.
func (s *Slack) serveFiles(w http.ResponseWriter, r *http.Request) {
	if ticket, ok := strings.CutPrefix(r.URL.Path, "/upload/v1/"); ok && r.Method == http.MethodPost {
		s.takeFile(w, r, ticket)
		return
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/files-pri/")
	id, _, _ := strings.Cut(path, "-")
	s.mu.Lock()
	f := s.files[id]
	s.mu.Unlock()
	if !ok || f == nil || !f.shared || !strings.HasSuffix(f.Download, r.URL.EscapedPath()) {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	_, _ = w.Write(f.content)
}

// takeFile takes a file's bytes, as they are or as a form's file, once and as many as were announced.
func (s *Slack) takeFile(w http.ResponseWriter, r *http.Request, ticket string) {
	began := time.Now()
	var body io.Reader = r.Body
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		if part, err := r.MultipartReader(); err == nil {
			if file, err := part.NextPart(); err == nil {
				body = file
			}
		}
	}
	content, err := io.ReadAll(io.LimitReader(body, 1<<30))
	s.mu.Lock()
	defer s.mu.Unlock()
	var f *File
	for _, one := range s.files {
		if one.ticket == ticket && one.content == nil {
			f = one
		}
	}
	fault := s.fault("upload", "", nil)
	status, said := http.StatusOK, fmt.Sprintf("OK - %d", len(content))
	switch {
	case fault != nil && fault.Status != 0:
		status, said = fault.Status, "fault"
	case f == nil:
		status, said = http.StatusNotFound, "unknown or used upload"
	case err != nil || len(content) != f.Size:
		status, said = http.StatusBadRequest, fmt.Sprintf("%d bytes where %d were announced", len(content), f.Size)
	default:
		f.content = content
	}
	e := Exchange{At: began, From: "app", What: "upload", Sent: fmt.Sprintf("%d bytes", len(content)), Got: said, Took: time.Since(began)}
	if status != http.StatusOK {
		e.Refused = said
	}
	s.recordWire(e)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, said)
}
