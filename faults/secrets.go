package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
)

// forms are those in which a secret may stand somewhere.
func forms(value string) map[string][]byte {
	quoted, _ := json.Marshal(value) // a string is never refused
	list := map[string][]byte{
		"as it is": []byte(value), "in hex": []byte(hex.EncodeToString([]byte(value))),
		"in a URL": []byte(url.QueryEscape(value)), "in JSON": bytes.Trim(quoted, `"`),
	}
	// Base64 of a text that it stands in depends on where it begins: the middle of each is looked for.
	for shift := range 3 {
		coded := base64.RawStdEncoding.EncodeToString(append(bytes.Repeat([]byte{' '}, shift), value...))
		list[fmt.Sprintf("in base64 (%d)", shift)] = []byte(coded[4 : len(coded)-4])
	}
	return list
}

// checkSecrets looks for secrets, and for words of the other workspace, in all that okrbot left: the
// database, its log, what Slack was told, and the environment of its processes.
func (o *office) checkSecrets(ctx context.Context) (list []finding, err error) {
	places := map[string][]byte{"what Slack was told": o.chat.takenBodies()}
	if places["the database"], err = o.dump(ctx, "postgres"); err != nil {
		return nil, err
	}
	for _, r := range o.replicas {
		if places["the log of "+r.name], err = os.ReadFile(r.log); err != nil {
			return nil, err
		}
		if pid := r.pid(); pid != 0 {
			environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
			if err == nil {
				places["the environment of "+r.name] = environment
			}
		}
	}
	all := map[string]string{"keyset": o.written}
	for name, value := range secrets {
		all[name] = value
	}
	for n, token := range o.systems[1].now.Tokens() {
		all[fmt.Sprintf("token %d", n)] = token
	}
	for place, text := range places {
		for name, value := range all {
			for form, coded := range forms(value) {
				if len(coded) > 0 && bytes.Contains(text, coded) {
					list = append(list, finding{secretOut, fmt.Sprintf("the %s stands in %s, %s", name, place, form)})
				}
			}
		}
		if place != "the database" && bytes.Contains(text, []byte(strange)) {
			list = append(list, finding{tenant, "words of another workspace stand in " + place})
		}
	}
	return list, nil
}

// keepDump writes the database down.
func (o *office) keepDump(ctx context.Context) error {
	raw, err := o.dump(ctx, "postgres")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(o.dir, "database.sql"), raw, 0o600)
}
