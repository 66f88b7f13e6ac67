package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"okrbot/okr"
	vendor "okrbot/sandbox/servicenow"
)

// TestMetrics reads the metrics of a process as Prometheus does. All that its documentation, its alerts
// and its dashboard name are there before anything has happened, and nothing else; then they count.
func TestMetrics(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	s := o.serve()
	s.says("okrbot is ready")
	before := s.scrape()

	documented := map[string][]string{} // the labels of each
	for _, row := range regexp.MustCompile("(?m)^\\| `(okrbot_[a-z_]+)(?:\\{([a-z,]+)\\})?` \\|").FindAllStringSubmatch(read(t, "../../docs/running.md"), -1) {
		documented[row[1]] = strings.FieldsFunc(row[2], func(r rune) bool { return r == ',' })
	}
	for name, labels := range documented {
		family := before[name]
		if family == nil {
			t.Errorf("docs/running.md has %s, which is not there at the start", name)
			continue
		}
		var has []string
		for _, label := range family.GetMetric()[0].GetLabel() {
			has = append(has, label.GetName())
		}
		if !slices.Equal(slices.Sorted(slices.Values(has)), slices.Sorted(slices.Values(labels))) {
			t.Errorf("docs/running.md gives %s the labels %q, it has %q", name, labels, has)
		}
	}
	for name := range before {
		if _, ok := documented[name]; !ok && strings.HasPrefix(name, "okrbot_") {
			t.Errorf("%s is not in docs/running.md", name)
		}
	}
	for _, path := range []string{"../../docs/running.md", "../../README.md", "../../CHANGELOG.md", "../../deploy/prometheus/okrbot.rules.yml", "../../deploy/prometheus/okrbot.test.yml", "../../deploy/grafana/okrbot.json"} {
		for _, named := range regexp.MustCompile(`\bokrbot_[a-z_]+`).FindAllString(read(t, path), -1) {
			if !isMetric(before, named) {
				t.Errorf("%s names %s, which is none of the metrics", path, named)
			}
		}
	}
	checkDashboard(t, before)
	if problems, err := promlint.New(strings.NewReader(s.metrics())).Lint(); err != nil || slices.ContainsFunc(problems, func(p promlint.Problem) bool { return strings.HasPrefix(p.Metric, "okrbot_") }) {
		t.Errorf("Prometheus's own advice: %v %v", problems, err)
	}

	// What is read for the first time is read soon after a start, and these count it.
	for _, series := range []string{`okrbot_scores_stored_total`, `okrbot_connector_requests_seconds{kind="servicenow"}`} {
		if _, ok := valueOf(before, series); !ok {
			t.Errorf("%s is not there at the start", series)
		}
	}
	for series, want := range map[string]float64{
		`okrbot_sync_key_results_total{class="none",outcome="changed"}`:        0,
		`okrbot_sync_key_results_total{class="unauthorized",outcome="failed"}`: 0,
		`okrbot_sync_key_results_total{class="unavailable",outcome="again"}`:   0,
		`okrbot_due_lag_seconds`:                                                   0,
		`okrbot_queue_jobs{queue="forced",state="available"}`:                      0,
		`okrbot_queue_jobs{queue="export",state="running"}`:                        0,
		`okrbot_queue_oldest_seconds{queue="announce"}`:                            0,
		`okrbot_posts_total{outcome="refused"}`:                                    0,
		`okrbot_slack_requests_total{method="chat.update",outcome="rate_limited"}`: 0,
		`okrbot_connector_requests_total{kind="servicenow",status="401"}`:          0,
		`okrbot_connector_requests_total{kind="http",status="none"}`:               0,
		`okrbot_tokens_renewed_total{outcome="refused"}`:                           0,
		`okrbot_gestures_total{kind="command",result="ok"}`:                        0,
	} {
		if got, ok := valueOf(before, series); !ok || got != want {
			t.Errorf("%s is %v at the start, want %v", series, got, want)
		}
	}
	s.until(`okrbot_slack_requests_total{method="auth.test",outcome="ok"}`, 1)
	pools := 0.0
	for _, m := range before["okrbot_db_pool_connections"].GetMetric() {
		pools += m.GetGauge().GetValue()
	}
	if want := float64(webConnections + riverConnections + workConnections); pools != want {
		t.Errorf("all pools have %v connections, want %v", pools, want)
	}
	// Nobody has asked yet, and those who come find sessions; the look itself may use one.
	s.until(`okrbot_db_pool_connections{pool="web",state="idle"}`, webConnections-1)

	s.due()
	s.until(`okrbot_sync_key_results_total{class="none",outcome="changed"}`, officeKeyResults)
	s.until(`okrbot_scores_stored_total`, officeKeyResults)
	s.until(`okrbot_connector_requests_total{kind="servicenow",status="200"}`, 1)
	s.until(`okrbot_connector_requests_seconds{kind="servicenow"}`, 1)
	s.until(`okrbot_looks_total{what="due"}`, 1)
	// The first scores are no news; one of another day is.
	if err := o.now.Collect(fmt.Sprintf("%032x", 1), (okr.DayOf(time.Now().UTC()) + 1).Time(), 7); err != nil {
		t.Fatal(err)
	}
	s.due()
	s.until(`okrbot_sync_key_results_total{class="none",outcome="unchanged"}`, officeKeyResults-1)
	s.until(`okrbot_posts_total{outcome="ok"}`, 1)
	s.until(`okrbot_slack_requests_total{method="chat.postMessage",outcome="ok"}`, 1)
	o.now.SetRoles("okr.reader")
	s.due()
	s.until(`okrbot_sync_key_results_total{class="forbidden",outcome="failed"}`, officeKeyResults)
	o.now.SetRoles("okr.reader", "pa_viewer")
	fix := o.now.Break(vendor.Fault{Kind: vendor.ServiceDown})
	s.due()
	s.until(`okrbot_sync_key_results_total{class="unavailable",outcome="again"}`, officeKeyResults)
	after := s.until(`okrbot_connector_requests_total{kind="servicenow",status="503"}`, 1)
	for series, want := range map[string]float64{
		`okrbot_sync_key_results_total{class="none",outcome="changed"}`:        officeKeyResults + 1,
		`okrbot_sync_key_results_total{class="none",outcome="unchanged"}`:      officeKeyResults - 1,
		`okrbot_sync_key_results_total{class="forbidden",outcome="failed"}`:    officeKeyResults,
		`okrbot_sync_key_results_total{class="unauthorized",outcome="failed"}`: 0,
		`okrbot_scores_stored_total`:                                           officeKeyResults + 1,
	} {
		if got, _ := valueOf(after, series); got != want {
			t.Errorf("%s is %v in the end, want %v", series, got, want)
		}
	}

	if status := s.get("/debug/pprof/"); status != http.StatusNotFound {
		t.Errorf("profiles are there without OPS_PPROF: %d", status)
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	if err := <-s.done; err != nil { // it has complained of what was broken, and may
		t.Errorf("it ended with %v: %s", err, s.said)
	}
	fix()
	o.environment = append(o.environment, "OPS_PPROF=true", "PUBLIC_URL=https://okrbot.example.com", "GODEBUG=clobberfree=1")
	s = o.serve()
	s.says("okrbot is ready")
	if status := s.get("/debug/pprof/"); status != http.StatusOK {
		t.Errorf("profiles are not there with OPS_PPROF=true: %d", status)
	}
	t.Run("ThePublicPortAnswersItsRoutesAlone", func(t *testing.T) { publicAnswersItsRoutesAlone(t, o) })
	t.Run("NoCopiesOfASecretPileUp", func(t *testing.T) { noCopiesPileUp(t, s) })
	s.stop()
}

// checkDashboard looks into the dashboard: each panel asks for something, by the data source that is
// chosen, and none lies on another.
func checkDashboard(t *testing.T, metrics map[string]*dto.MetricFamily) {
	t.Helper()
	var board struct {
		Panels []struct {
			ID      int
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct {
				Expr       string
				Datasource struct{ UID string }
			}
		}
	}
	if err := json.Unmarshal([]byte(read(t, "../../deploy/grafana/okrbot.json")), &board); err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	taken := map[[2]int]string{}
	for _, p := range board.Panels {
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				at := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if taken[at] != "" || at[0] >= 24 {
					t.Fatalf("the panel %q lies on %q, or beside the board", p.Title, taken[at])
				}
				taken[at] = p.Title
			}
		}
		for _, target := range p.Targets {
			if target.Datasource.UID != "${datasource}" || target.Expr == "" {
				t.Errorf("the panel %q asks %q of %q", p.Title, target.Expr, target.Datasource.UID)
			}
			for _, named := range regexp.MustCompile(`\bokrbot_[a-z_]+`).FindAllString(target.Expr, -1) {
				shown[named] = true
				shown[strings.TrimSuffix(named, "_bucket")] = true
			}
		}
	}
	for name := range metrics {
		if strings.HasPrefix(name, "okrbot_") && !shown[name] {
			t.Errorf("no panel of the dashboard shows %s", name)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// isMetric says whether a name is a metric's, or a part of a histogram's.
func isMetric(metrics map[string]*dto.MetricFamily, name string) bool {
	for _, part := range []string{"", "_bucket", "_sum", "_count"} {
		if whole, ok := strings.CutSuffix(name, part); ok && metrics[whole] != nil && (part == "" || metrics[whole].GetType() == dto.MetricType_HISTOGRAM) {
			return true
		}
	}
	return false
}

// valueOf is the value of a series; of a histogram its count.
func valueOf(metrics map[string]*dto.MetricFamily, series string) (float64, bool) {
	name, _, _ := strings.Cut(series, "{")
	for _, m := range metrics[name].GetMetric() {
		labels := map[string]string{}
		for _, l := range m.GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
		var pairs []string
		for _, key := range slices.Sorted(maps.Keys(labels)) {
			pairs = append(pairs, fmt.Sprintf("%s=%q", key, labels[key]))
		}
		called := name
		if len(pairs) > 0 {
			called += "{" + strings.Join(pairs, ",") + "}"
		}
		if called == series {
			return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount()), true
		}
	}
	return 0, false
}

func (o *office) ops() string {
	for _, v := range o.environment {
		if at, ok := strings.CutPrefix(v, "OPS_ADDR="); ok {
			return "http://" + at
		}
	}
	o.t.Fatal("no OPS_ADDR")
	return ""
}

func (s *serving) get(path string) int {
	s.o.t.Helper()
	resp, err := http.Get(s.o.ops() + path)
	if err != nil {
		s.o.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func (s *serving) metrics() string {
	s.o.t.Helper()
	resp, err := http.Get(s.o.ops() + "/metrics")
	if err != nil {
		s.o.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		s.o.t.Fatalf("%d %v: %s", resp.StatusCode, err, body)
	}
	return string(body)
}

func (s *serving) scrape() map[string]*dto.MetricFamily {
	s.o.t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(s.metrics()))
	if err != nil {
		s.o.t.Fatal(err)
	}
	return families
}

// until scrapes until a series has a value at least.
func (s *serving) until(series string, least float64) map[string]*dto.MetricFamily {
	s.o.t.Helper()
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		now := s.scrape()
		got, _ := valueOf(now, series)
		if got >= least {
			return now
		}
		if time.Since(began) > patience {
			s.o.t.Fatalf("%s is %v after %s, want %v: %s", series, got, patience, least, s.said)
		}
	}
}
