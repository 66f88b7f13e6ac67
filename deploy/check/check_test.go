// Package check holds the files under deploy/ against the tools' own types and parsers. It is a module
// of its own, so that okrbot does not depend on them.
package check

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"
)

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// objects are a file's documents as Kubernetes' own types. A field that they do not have is a mistake,
// and so is one that stands twice.
func objects(t *testing.T, path string) []runtime.Object {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{core.AddToScheme, apps.AddToScheme, policy.AddToScheme, networking.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	var list []runtime.Object
	for n, document := range strings.Split(read(t, path), "\n---\n") {
		// Anchors are YAML's own: Kubernetes sees what they stand for.
		plain, err := yaml.YAMLToJSONStrict([]byte(document))
		if err != nil {
			t.Fatalf("%s, document %d: %v", path, n+1, err)
		}
		object, kind, err := decoder.Decode(plain, nil, nil)
		if err != nil {
			t.Fatalf("%s, document %d: %v", path, n+1, err)
		}
		t.Logf("%s: %s", path, kind.Kind)
		list = append(list, object)
	}
	return list
}

// only is the one object of a type.
func only[T runtime.Object](t *testing.T, list []runtime.Object) T {
	t.Helper()
	var found []T
	for _, o := range list {
		if o, ok := o.(T); ok {
			found = append(found, o)
		}
	}
	if len(found) != 1 {
		t.Fatalf("there are %d of %v, want one", len(found), reflect.TypeFor[T]())
	}
	return found[0]
}

func TestKubernetes(t *testing.T) {
	list := objects(t, "kubernetes/okrbot.yaml")
	secret := only[*core.Secret](t, objects(t, "kubernetes/secret.example.yaml"))
	config, deployment := only[*core.ConfigMap](t, list), only[*apps.Deployment](t, list)
	budget, service, ingress := only[*policy.PodDisruptionBudget](t, list), only[*core.Service](t, list), only[*networking.Ingress](t, list)

	pod := deployment.Spec.Template
	for what, selector := range map[string]map[string]string{
		"the Deployment": deployment.Spec.Selector.MatchLabels, "the PodDisruptionBudget": budget.Spec.Selector.MatchLabels, "the Service": service.Spec.Selector,
		"the spread": pod.Spec.TopologySpreadConstraints[0].LabelSelector.MatchLabels,
	} {
		if len(selector) == 0 || !labels.SelectorFromSet(selector).Matches(labels.Set(pod.Labels)) {
			t.Errorf("%s selects %v, the pods are %v", what, selector, pod.Labels)
		}
	}
	for _, o := range list {
		object := o.(meta.Object)
		if object.GetName() != "okrbot" || object.GetNamespace() != "" {
			t.Errorf("%T is named %s/%s; the namespace is the administrator's", o, object.GetNamespace(), object.GetName())
		}
	}
	if n := *deployment.Spec.Replicas; n != 2 {
		t.Errorf("%d replicas, want two", n)
	}
	if got := *budget.Spec.MinAvailable; got != intstr.FromInt32(1) {
		t.Errorf("the PodDisruptionBudget keeps %v of two", got.String())
	}
	if len(pod.Spec.InitContainers) != 1 || !slices.Equal(pod.Spec.InitContainers[0].Args, []string{"migrate"}) {
		t.Errorf("no init container migrates")
	}
	for _, c := range append(slices.Clone(pod.Spec.InitContainers), pod.Spec.Containers...) {
		s := c.SecurityContext
		if s == nil || !*s.ReadOnlyRootFilesystem || *s.AllowPrivilegeEscalation || !slices.Equal(s.Capabilities.Drop, []core.Capability{"ALL"}) {
			t.Errorf("%s may more than it needs: %+v", c.Name, s)
		}
		if len(c.EnvFrom) != 2 || c.EnvFrom[0].ConfigMapRef.Name != config.Name || c.EnvFrom[1].SecretRef.Name != secret.Name {
			t.Errorf("%s gets its environment from elsewhere: %+v", c.Name, c.EnvFrom)
		}
	}
	if p := pod.Spec.SecurityContext; !*p.RunAsNonRoot || fmt.Sprintf("USER %d:%d", *p.RunAsUser, *p.RunAsGroup) != line(t, "../Dockerfile", "USER ") {
		t.Errorf("the pods run as %d:%d, the image as %s", *p.RunAsUser, *p.RunAsGroup, line(t, "../Dockerfile", "USER "))
	}

	serve := pod.Spec.Containers[0]
	named := map[string]string{}
	for _, p := range serve.Ports {
		named[p.Name] = fmt.Sprintf(":%d", p.ContainerPort)
	}
	if named["http"] != config.Data["LISTEN_ADDR"] || named["ops"] != config.Data["OPS_ADDR"] || pod.Annotations["prometheus.io/port"] != strings.TrimPrefix(named["ops"], ":") {
		t.Errorf("ports %v, configured %v, annotated %v", named, config.Data, pod.Annotations)
	}
	for path, probe := range map[string]*core.Probe{"/healthz": serve.LivenessProbe, "/readyz": serve.ReadinessProbe} {
		if probe.HTTPGet.Path != path || probe.HTTPGet.Port.StrVal != "http" {
			t.Errorf("a probe asks %s at %s, want %s at http", probe.HTTPGet.Path, probe.HTTPGet.Port.StrVal, path)
		}
	}
	if leave := serve.Lifecycle.PreStop.Sleep.Seconds + 10; *pod.Spec.TerminationGracePeriodSeconds < leave {
		t.Errorf("a pod gets %d s to end, it needs %d", *pod.Spec.TerminationGracePeriodSeconds, leave)
	}
	if service.Spec.Ports[0].TargetPort.StrVal != "http" || ingress.Spec.Rules[0].HTTP.Paths[0].Backend.Service.Name != service.Name {
		t.Error("the Ingress does not lead to the pods")
	}
	if host := ingress.Spec.Rules[0].Host; "https://"+host != config.Data["PUBLIC_URL"] || !slices.Contains(ingress.Spec.TLS[0].Hosts, host) {
		t.Errorf("the Ingress is for %s, PUBLIC_URL is %s", host, config.Data["PUBLIC_URL"])
	}
	variables(t, "kubernetes", keys(config.Data), keys(secret.StringData))
}

func TestCompose(t *testing.T) {
	folder := t.TempDir()
	for from, to := range map[string]string{"compose.yaml": "compose.yaml", "okrbot.env.example": "okrbot.env"} {
		if err := os.WriteFile(filepath.Join(folder, to), []byte(read(t, from)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	load := func(environment ...string) (*types.Project, error) {
		options, err := cli.NewProjectOptions([]string{filepath.Join(folder, "compose.yaml")}, cli.WithEnv(environment), cli.WithResolvedPaths(true))
		if err != nil {
			return nil, err
		}
		return options.LoadProject(t.Context())
	}
	if _, err := load(); err == nil || !strings.Contains(err.Error(), "POSTGRES_PASSWORD") {
		t.Errorf("without a password it says %v", err)
	}
	project, err := load("POSTGRES_PASSWORD=s3cret")
	if err != nil {
		t.Fatal(err)
	}
	app, database := project.Services["okrbot"], project.Services["postgres"]
	if app.HealthCheck == nil || database.HealthCheck == nil || app.DependsOn["postgres"].Condition != types.ServiceConditionHealthy {
		t.Error("okrbot does not wait for a healthy Postgres, or neither says how it is")
	}
	if len(database.Volumes) != 1 || database.Volumes[0].Type != types.VolumeTypeVolume || project.Volumes[database.Volumes[0].Source].Name == "" {
		t.Errorf("Postgres keeps its data in %+v", database.Volumes)
	}
	if !app.ReadOnly || !slices.Equal(app.Tmpfs, []string{"/tmp"}) || !slices.Equal(app.CapDrop, []string{"ALL"}) {
		t.Error("okrbot may more than it needs")
	}
	if url := *app.Environment["DATABASE_URL"]; url != "postgres://okrbot:s3cret@postgres:5432/okrbot?sslmode=disable" {
		t.Errorf("DATABASE_URL is %s", url)
	}
	published := map[string]bool{}
	for _, p := range app.Ports {
		if p.HostIP != "127.0.0.1" {
			t.Errorf("port %s is open to others than this machine", p.Published)
		}
		published[fmt.Sprintf(":%d", p.Target)] = true
	}
	if len(database.Ports) > 0 || !published[*app.Environment["LISTEN_ADDR"]] || !published[*app.Environment["OPS_ADDR"]] {
		t.Errorf("published are %v of okrbot, %v of Postgres", published, database.Ports)
	}
	if time.Duration(*app.StopGracePeriod) < 5*time.Second {
		t.Errorf("okrbot gets %v to end", *app.StopGracePeriod)
	}
	variables(t, "compose.yaml and okrbot.env", keys(app.Environment))
}

func TestAlerts(t *testing.T) {
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert               string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "prometheus/okrbot.rules.yml")), &rules); err != nil {
		t.Fatal(err)
	}
	tested := read(t, "prometheus/okrbot.test.yml")
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			if rule.Annotations["summary"] == "" || rule.Annotations["action"] == "" || rule.Labels["severity"] == "" {
				t.Errorf("%s does not say what is wrong, what to do, or how bad it is", rule.Alert)
			}
			if !strings.Contains(tested, "alertname: "+rule.Alert+"}") || !strings.Contains(tested, `alertname="`+rule.Alert+`"`) {
				t.Errorf("%s is not tested both quiet and firing", rule.Alert)
			}
		}
	}
	promtool(t, "test", "rules", filepath.Join("..", "prometheus", "okrbot.test.yml"))
	promtool(t, "check", "rules", filepath.Join("..", "prometheus", "okrbot.rules.yml"))
}

// TestDashboard has Prometheus read what the dashboard asks, as rules of a file.
func TestDashboard(t *testing.T) {
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "grafana/okrbot.json")), &board); err != nil {
		t.Fatal(err)
	}
	type rule struct {
		Record string `json:"record"`
		Expr   string `json:"expr"`
	}
	var rules []rule
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			rules = append(rules, rule{fmt.Sprintf("panel:%d", len(rules)), strings.ReplaceAll(target.Expr, "$__rate_interval", "5m")})
		}
	}
	if len(rules) == 0 {
		t.Fatal("the dashboard is empty")
	}
	file, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "panels", "rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "panels.yml")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", path)
}

// promtool is Prometheus's own tool. CI has it; elsewhere what it would look at goes unread, and that
// is said.
func promtool(t *testing.T, arguments ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not here, so Prometheus has not read this; Debian's package prometheus has it")
	}
	if out, err := exec.Command(path, arguments...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
}

// variables holds the names of variables against the README's table.
func variables(t *testing.T, where string, lists ...[]string) {
	t.Helper()
	table := read(t, "../README.md")
	for _, name := range slices.Concat(lists...) {
		if !strings.Contains(table, "`"+name+"`") {
			t.Errorf("%s sets %s, which the README's table does not have", where, name)
		}
	}
}

func keys[V any](m map[string]V) []string {
	var list []string
	for k := range m {
		list = append(list, k)
	}
	return list
}

// line is the line of a file that begins so.
func line(t *testing.T, path, begins string) string {
	t.Helper()
	for l := range strings.Lines(read(t, path)) {
		if strings.HasPrefix(l, begins) {
			return strings.TrimSpace(l)
		}
	}
	t.Fatalf("%s has no line that begins with %q", path, begins)
	return ""
}
