package wire

import (
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Origins writes an operator's list as origins. What is no origin allows nothing.
func Origins(list []string) []string {
	var origins []string
	for _, entry := range list {
		if origin, ok := Origin(entry); ok {
			origins = append(origins, origin)
		}
	}
	return origins
}

// Origin writes what an operator names as an origin: "host" and "host:port" by https, or a whole
// origin such as "http://127.0.0.1:9000"; false where it is none. A port that goes without saying is
// left out.
func Origin(entry string) (string, bool) {
	entry = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(entry)), "/")
	if !strings.Contains(entry, "://") {
		entry = "https://" + entry
	}
	u, err := url.Parse(entry)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || !WholeHost(u.Host) || u.Scheme+"://"+u.Host != entry {
		return "", false
	}
	if u.Port() == standardPort[u.Scheme] {
		entry = strings.TrimSuffix(entry, ":"+u.Port())
	}
	return entry, true
}

// hostname is a name of letters, digits and hyphens, in parts with dots between; the names of some
// networks have underscores.
var hostname = regexp.MustCompile(`(?i)^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$`)

// WholeHost says whether host or host:port can be dialled as it is written.
func WholeHost(host string) bool {
	name, port := host, ""
	if i := strings.LastIndex(host, ":"); i >= 0 && !strings.HasSuffix(host, "]") {
		name, port = host[:i], host[i+1:]
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return false
		}
	}
	if inner, ok := strings.CutPrefix(name, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		address, err := netip.ParseAddr(inner)
		return ok && err == nil && address.Is6() && address.Zone() == ""
	}
	if strings.Trim(name, "0123456789.") == "" { // as a name it would be nobody's
		address, err := netip.ParseAddr(name)
		return err == nil && address.Is4()
	}
	return len(name) <= 253 && hostname.MatchString(name)
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
