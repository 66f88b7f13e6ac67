package wire

import (
	"net/url"
	"strings"
)

// Origins writes an operator's list as origins: "host" and "host:port" by https, or a whole origin
// such as "http://127.0.0.1:9000". A port that goes without saying is left out; what is no origin
// allows nothing.
func Origins(list []string) []string {
	var origins []string
	for _, entry := range list {
		entry = strings.TrimRight(strings.ToLower(strings.TrimSpace(entry)), "/")
		if !strings.Contains(entry, "://") {
			entry = "https://" + entry
		}
		u, err := url.Parse(entry)
		if err != nil || u.Hostname() == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" || u.Scheme+"://"+u.Host != entry {
			continue
		}
		if u.Port() == standardPort[u.Scheme] {
			entry = strings.TrimSuffix(entry, ":"+u.Port())
		}
		origins = append(origins, entry)
	}
	return origins
}

var standardPort = map[string]string{"http": "80", "https": "443"}

// hostAndPort is what is dialled for an address.
func hostAndPort(address string) (host, port string, ok bool) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return "", "", false
	}
	if port = u.Port(); port == "" {
		port = standardPort[u.Scheme]
	}
	return u.Hostname(), port, true
}
