// Package seed fills a sandbox with a believable company: people, channels, some sixty ITSM
// scorecards with 120 days of scores, and a JSON document about its builds.
package seed

import (
	"crypto/md5"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"time"

	"okrbot/sandbox/document"
	"okrbot/sandbox/servicenow"
)

// Person is somebody in the seeded workspace.
type Person struct {
	ID, Name, RealName, Zone, Email string
	Admin, Guest                    bool
}

// People are the seeded workspace's people: an owner of key results, a colleague, an
// administrator, a guest.
var People = []Person{
	{ID: "U0ALICE", Name: "alice", RealName: "Alice Brandt", Zone: "Europe/Berlin", Email: "alice@example.com"},
	{ID: "U0BOB", Name: "bob", RealName: "Bob Okafor", Zone: "America/New_York", Email: "bob@example.com"},
	{ID: "U0CAROL", Name: "carol", RealName: "Carol Nguyen", Zone: "Australia/Sydney", Email: "carol@example.com", Admin: true},
	{ID: "U0DAVE", Name: "dave", RealName: "Dave Rossi", Zone: "Europe/Rome", Email: "dave@example.com", Guest: true},
}

// Channel is a channel of the seeded workspace.
type Channel struct {
	ID, Name string
	Private  bool
	Members  []string // names; the bot is in those that list "okrbot"
}

// Channels are the seeded workspace's channels. The bot still has to be invited to the last two.
var Channels = []Channel{
	{ID: "C0ITOKRS", Name: "it-okrs", Members: []string{"alice", "bob", "carol", "dave", "okrbot"}},
	{ID: "C0DESK", Name: "service-desk", Members: []string{"alice", "bob", "carol", "okrbot"}},
	{ID: "C0GENERAL", Name: "general", Members: []string{"alice", "bob", "carol", "dave"}},
	{ID: "C0LEADERS", Name: "leadership", Private: true, Members: []string{"alice", "carol"}},
}

// Partner is somebody of another organisation, and PartnerTeam its workspace: they sit in Shared, the
// channel that is shared with it.
var (
	Partner     = Person{ID: "U0OTTO", Name: "otto", RealName: "Otto Lindqvist", Zone: "Europe/Stockholm"}
	PartnerTeam = "T0PARTNER"
	Shared      = Channel{ID: "C0PARTNER", Name: "with-partner", Members: []string{"alice", "carol", "otto", "okrbot"}}
)

// The account that reads scorecards.
const (
	User     = "okr.reader"
	Password = "sandbox"
	APIKey   = "sandbox-key"
	// The client that its administrator registered for okrbot.
	ClientID     = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
	ClientSecret = "sandbox-client"
)

// days is how much history a scorecard has.
const days = 120

// series describes how a scorecard's scores go: from, to, how much they swing, and on which days.
type series struct {
	name, about, unit   string
	precision           int
	direction           int // 2 less is better, 3 more is better, 1 neither
	from, to, swing     float64
	target              float64 // 0: none
	frequency           int     // 0: daily
	key, favorite, hide bool
}

var itsm = []series{
	{name: "Number of open incidents", about: "Incidents that are open at the end of the day.", unit: "#", direction: 2, from: 182, to: 131, swing: 12, target: 100, key: true, favorite: true},
	{name: "Number of open critical incidents", about: "Open incidents of priority 1.", unit: "#", direction: 2, from: 9, to: 5, swing: 2, target: 3, key: true},
	{name: "Number of new incidents", about: "Incidents opened on the day.", unit: "#", direction: 2, from: 64, to: 51, swing: 9},
	{name: "Number of resolved incidents", about: "Incidents resolved on the day.", unit: "#", direction: 3, from: 58, to: 57, swing: 9},
	{name: "Average time to resolve an incident", about: "Mean time from opening to resolution (MTTR).", unit: "Hours", precision: 1, direction: 2, from: 31.5, to: 22.4, swing: 2, target: 20, key: true, favorite: true},
	{name: "Average time to resolve a critical incident", about: "MTTR of priority 1.", unit: "Hours", precision: 1, direction: 2, from: 6.8, to: 4.6, swing: 0.7, target: 4},
	{name: "Incidents resolved within SLA", about: "Part of incidents that met their resolution SLA.", unit: "%", precision: 1, direction: 3, from: 84, to: 91.5, swing: 1.4, target: 95, key: true, favorite: true},
	{name: "Incidents responded to within SLA", about: "Part of incidents that met their response SLA.", unit: "%", precision: 1, direction: 3, from: 88, to: 94, swing: 1.2, target: 97},
	{name: "Incident backlog older than 30 days", about: "Open incidents older than 30 days.", unit: "#", direction: 2, from: 46, to: 27, swing: 2, target: 15},
	{name: "Reopened incidents", about: "Part of resolved incidents that were opened again.", unit: "%", precision: 1, direction: 2, from: 7.4, to: 5.1, swing: 0.6, target: 4},
	{name: "Incidents resolved on first contact", about: "First call resolution.", unit: "%", precision: 1, direction: 3, from: 41, to: 52, swing: 2, target: 60},
	{name: "Incident reassignment count", about: "Mean number of reassignments of an incident.", unit: "", precision: 2, direction: 2, from: 1.9, to: 1.4, swing: 0.1},
	{name: "Number of open problems", about: "Problems that are open at the end of the day.", unit: "#", direction: 2, from: 38, to: 31, swing: 2, target: 25},
	{name: "Problems without root cause", about: "Open problems whose root cause is unknown.", unit: "#", direction: 2, from: 21, to: 14, swing: 2},
	{name: "Average age of open problems", about: "Mean age of open problems.", unit: "Days", precision: 1, direction: 2, from: 64, to: 49, swing: 3, target: 40},
	{name: "Known errors with workaround", about: "Part of known errors with a published workaround.", unit: "%", precision: 0, direction: 3, from: 55, to: 71, swing: 2, target: 80},
	{name: "Incidents caused by problems", about: "Incidents linked to a known problem.", unit: "#", direction: 2, from: 33, to: 24, swing: 4},
	{name: "Number of open changes", about: "Change requests that are open at the end of the day.", unit: "#", direction: 1, from: 77, to: 84, swing: 8},
	{name: "Successful changes", about: "Part of closed changes that were successful.", unit: "%", precision: 1, direction: 3, from: 92, to: 96.2, swing: 1, target: 98, key: true},
	{name: "Emergency changes", about: "Part of changes that were emergencies.", unit: "%", precision: 1, direction: 2, from: 11, to: 7.5, swing: 1, target: 5},
	{name: "Unauthorized changes", about: "Changes made without approval.", unit: "#", direction: 2, from: 6, to: 2, swing: 1, target: 0},
	{name: "Changes causing incidents", about: "Changes that an incident was traced to.", unit: "#", direction: 2, from: 8, to: 4, swing: 2},
	{name: "Average lead time of changes", about: "From request to implementation.", unit: "Days", precision: 1, direction: 2, from: 14.2, to: 10.8, swing: 0.9, target: 9},
	{name: "Standard changes", about: "Part of changes that follow a standard model.", unit: "%", precision: 0, direction: 3, from: 38, to: 49, swing: 2, target: 60},
	{name: "Number of open requests", about: "Requested items that are open at the end of the day.", unit: "#", direction: 2, from: 412, to: 356, swing: 20, target: 300},
	{name: "Average time to fulfil a request", about: "Mean time from request to delivery.", unit: "Days", precision: 1, direction: 2, from: 5.6, to: 4.1, swing: 0.4, target: 3},
	{name: "Requests fulfilled within SLA", about: "Part of requests delivered in time.", unit: "%", precision: 1, direction: 3, from: 81, to: 88, swing: 1.5, target: 92, favorite: true},
	{name: "Requests by self-service", about: "Part of requests made in the portal.", unit: "%", precision: 0, direction: 3, from: 58, to: 69, swing: 2, target: 75, key: true},
	{name: "Requests approved within a day", about: "Part of approvals given within a day.", unit: "%", precision: 0, direction: 3, from: 63, to: 72, swing: 3},
	{name: "Customer satisfaction", about: "Mean of survey answers, 1 to 5.", unit: "", precision: 2, direction: 3, from: 3.9, to: 4.3, swing: 0.08, target: 4.5, key: true, favorite: true},
	{name: "Survey response rate", about: "Part of surveys that were answered.", unit: "%", precision: 0, direction: 3, from: 14, to: 19, swing: 2, target: 25},
	{name: "Number of complaints", about: "Complaints received on the day.", unit: "#", direction: 2, from: 7, to: 4, swing: 2},
	{name: "Calls abandoned", about: "Part of calls that ended before an answer.", unit: "%", precision: 1, direction: 2, from: 9, to: 6.3, swing: 0.8, target: 5},
	{name: "Average speed to answer", about: "Mean waiting time of calls.", unit: "Seconds", precision: 0, direction: 2, from: 74, to: 52, swing: 6, target: 45},
	{name: "Chats handled by virtual agent", about: "Part of chats without a human.", unit: "%", precision: 0, direction: 3, from: 22, to: 37, swing: 2, target: 45},
	{name: "Cost per ticket", about: "Mean cost of a ticket.", unit: "$", precision: 2, direction: 2, from: 18.4, to: 15.7, swing: 0.5, target: 14, frequency: 30},
	{name: "Service desk cost", about: "Cost of the service desk in the month.", unit: "$", precision: 0, direction: 2, from: 148000, to: 139000, swing: 3000, frequency: 30},
	{name: "CMDB completeness", about: "Part of configuration items with all required fields.", unit: "%", precision: 1, direction: 3, from: 71, to: 82, swing: 0.6, target: 90, key: true},
	{name: "CMDB correctness", about: "Part of configuration items that pass their audits.", unit: "%", precision: 1, direction: 3, from: 78, to: 86, swing: 0.6, target: 92},
	{name: "CMDB compliance", about: "Part of configuration items that match their template.", unit: "%", precision: 1, direction: 3, from: 69, to: 77, swing: 0.8, target: 85, frequency: 20},
	{name: "Stale configuration items", about: "Items not updated for 60 days.", unit: "#", direction: 2, from: 1840, to: 1210, swing: 40, target: 800},
	{name: "Orphaned configuration items", about: "Items without a relationship.", unit: "#", direction: 2, from: 620, to: 540, swing: 15},
	{name: "Knowledge articles published", about: "Articles published so far.", unit: "#", direction: 3, from: 940, to: 1065, swing: 2, target: 1200},
	{name: "Knowledge articles used", about: "Part of incidents resolved with an article.", unit: "%", precision: 0, direction: 3, from: 27, to: 36, swing: 2, target: 40},
	{name: "Knowledge articles overdue for review", about: "Articles whose review date has passed.", unit: "#", direction: 2, from: 212, to: 148, swing: 6, target: 50},
	{name: "Vulnerable items, critical", about: "Open critical vulnerabilities.", unit: "#", direction: 2, from: 310, to: 188, swing: 14, target: 100, key: true},
	{name: "Average time to remediate", about: "Mean time to close a vulnerability.", unit: "Days", precision: 1, direction: 2, from: 44, to: 33, swing: 2, target: 25},
	{name: "Security incidents open", about: "Security incidents that are open.", unit: "#", direction: 2, from: 17, to: 11, swing: 2, target: 8},
	{name: "Patching within policy", about: "Part of servers patched in time.", unit: "%", precision: 1, direction: 3, from: 86, to: 93, swing: 0.9, target: 97, frequency: 20},
	{name: "Availability of business services", about: "Availability over the day.", unit: "%", precision: 3, direction: 3, from: 99.61, to: 99.87, swing: 0.06, target: 99.9, key: true, favorite: true},
	{name: "Major incidents", about: "Major incidents in the week.", unit: "#", direction: 2, from: 4, to: 2, swing: 1, target: 1, frequency: 20},
	{name: "Minutes lost in major incidents", about: "User minutes lost in the week.", unit: "Minutes", direction: 2, from: 5200, to: 3100, swing: 400, frequency: 20},
	{name: "HR cases open", about: "HR cases that are open.", unit: "#", direction: 2, from: 94, to: 81, swing: 6},
	{name: "HR cases closed within SLA", about: "Part of HR cases closed in time.", unit: "%", precision: 1, direction: 3, from: 87, to: 90.5, swing: 1.2, target: 93},
	{name: "Onboarding completed by day one", about: "New colleagues with everything on their first day.", unit: "%", precision: 0, direction: 3, from: 68, to: 83, swing: 3, target: 95, frequency: 30},
	{name: "Software licences reclaimed", about: "Licences reclaimed so far this year.", unit: "#", direction: 3, from: 320, to: 610, swing: 4, target: 800},
	{name: "Laptops older than four years", about: "Part of laptops beyond their life.", unit: "%", precision: 1, direction: 2, from: 19, to: 14.2, swing: 0.2, target: 10, frequency: 30},
	// The odd ones, as every real instance has them.
	{name: "Incidents, requests and changes", about: "A name with a comma in it.", unit: "#", direction: 2, from: 650, to: 571, swing: 20},
	{name: "Zufriedenheit der Kund:innen – “Störungen” 満足度", about: "A name in several scripts.", unit: "%", precision: 1, direction: 3, from: 70, to: 78, swing: 1},
	{name: "Part of all incidents of all priorities and all assignment groups in all regions that were resolved by somebody of the first line without any reassignment within the hour after they were opened", about: "A very long name.", unit: "%", precision: 1, direction: 3, from: 31, to: 35, swing: 1},
	{name: "Internal: collector health", about: "Not shown on the Analytics Hub.", unit: "#", direction: 1, from: 1, to: 1, swing: 0, hide: true},
}

// ID is the steady sys_id of a seeded scorecard's name.
func ID(name string) string {
	sum := md5.Sum([]byte(name)) // a name for a name, nothing secret
	return hex.EncodeToString(sum[:])
}

// ServiceNow fills an instance: an account with pa_viewer, an API key for it, and the scorecards,
// whose newest score is of the day before today.
func ServiceNow(i *servicenow.Instance, today time.Time) {
	i.AddUser(User, Password, "pa_viewer")
	i.AddKey(APIKey, User)
	today = time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, time.UTC)
	for n, s := range itsm {
		card := s.scorecard(today, uint64(n))
		if n%3 == 0 {
			card.Breakdowns, card.Aggregates = s.breakdowns(), aggregates
		}
		i.Add(card)
	}
	i.Add(servicenow.Scorecard{ID: ID("Carbon footprint of IT"), Name: "Carbon footprint of IT", Description: "Nothing collected yet.", Unit: "t", Precision: 1, Direction: 2, Frequency: 30})
	forgotten := series{name: "Printer incidents", about: "Its collection job stopped.", unit: "#", direction: 2, from: 21, to: 12, swing: 2}.scorecard(today.AddDate(0, 0, -40), 99)
	i.Add(forgotten)
	restricted := series{name: "Salary reviews overdue", about: "For HR alone.", unit: "#", direction: 2, from: 30, to: 12, swing: 2}.scorecard(today, 98)
	restricted.Roles = []string{"sn_hr_core.manager"}
	i.Add(restricted)
}

// aggregates are the time series of a seeded scorecard.
var aggregates = []servicenow.Aggregate{
	{ID: ID("7d running SUM"), Name: "7d running SUM", Days: 7},
	{ID: ID("7d running AVG"), Name: "7d running AVG", Days: 7, Mean: true},
}

// divided are the breakdowns of a seeded scorecard, with what each element has of a hundred.
var divided = []struct {
	name, table string
	elements    []string
	hundredths  []float64
}{
	{"Priority", "sys_choice", []string{"1 - Critical", "2 - High", "3 - Moderate", "4 - Low", "5 - Planning"}, []float64{4, 14, 37, 35, 10}},
	{"Category", "sys_choice", []string{"Database", "Hardware", "Inquiry / Help", "Network", "Software"}, []float64{9, 22, 31, 12, 26}},
	{"Assignment group", "sys_user_group", []string{
		"Application Support", "Database Atlanta", "Desktop EMEA", "Desktop US", "Field Services", "Hardware", "IAM & Access",
		"Mail/Messaging", "Network CAB", "SAP Basis", "Service Desk", "Software",
	}, []float64{8, 4, 9, 7, 6, 11, 5, 3, 8, 4, 25, 10}},
}

// breakdowns divide a number of things; of parts of a hundred and means, each element has its own.
func (s series) breakdowns() []servicenow.Breakdown {
	list := make([]servicenow.Breakdown, len(divided))
	for n, d := range divided {
		list[n] = servicenow.Breakdown{ID: ID(d.name), Name: d.name, Table: d.table}
		for k, name := range d.elements {
			share := d.hundredths[k] / 100
			if s.unit != "#" {
				share = 0.9 + share/4
			}
			list[n].Elements = append(list[n].Elements, servicenow.Element{ID: ID(d.name + name), Name: name, Share: share})
		}
	}
	return list
}

func (s series) scorecard(today time.Time, seed uint64) servicenow.Scorecard {
	card := servicenow.Scorecard{
		ID: ID(s.name), Name: s.name, Description: s.about, Unit: s.unit, Precision: s.precision,
		Direction: s.direction, Frequency: s.frequency, Key: s.key, Favorite: s.favorite, Hidden: s.hide,
	}
	if card.Frequency == 0 {
		card.Frequency = 10
	}
	if s.target != 0 {
		target := s.target
		card.Target = &target
	}
	// A score hangs on how long ago it was, never on the date: a demonstration, and a test, find
	// the same numbers on every day.
	chance := rand.New(rand.NewPCG(seed, 42))
	for back := days; back >= 1; back-- {
		day, luck := today.AddDate(0, 0, -back), chance.Float64()*2-1
		if card.Frequency == 20 && day.Weekday() != time.Sunday || card.Frequency == 30 && day.AddDate(0, 0, 1).Day() != 1 {
			continue
		}
		part := float64(days-back) / days
		v := s.from + (s.to-s.from)*part + s.swing*luck
		scale := math.Pow10(s.precision)
		v = math.Max(0, math.Round(v*scale)/scale)
		if s.unit == "%" {
			v = math.Min(v, 100)
		}
		card.Scores = append(card.Scores, servicenow.Score{Day: day, Value: v})
	}
	return card
}

// Collect runs the nightly collection jobs up to yesterday: each scorecard gets the scores of the
// days it missed, near its last one.
func Collect(i *servicenow.Instance, today time.Time) {
	today = time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, time.UTC)
	for n, s := range i.Scorecards() {
		if len(s.Scores) < 2 || s.Name == "Printer incidents" {
			continue
		}
		count, last := len(s.Scores), s.Scores[len(s.Scores)-1]
		scale := math.Pow10(s.Precision)
		for day := last.Day.AddDate(0, 0, 1); day.Before(today); day = day.AddDate(0, 0, 1) {
			if s.Frequency == 20 && day.Weekday() != time.Sunday || s.Frequency == 30 && day.AddDate(0, 0, 1).Day() != 1 {
				continue
			}
			chance := rand.New(rand.NewPCG(uint64(n), uint64(count))) // by its place, never by the date
			count++
			last.Value = math.Max(0, math.Round(last.Value*(1+(chance.Float64()-0.5)*0.06)*scale)/scale)
			if s.Unit == "%" {
				last.Value = math.Min(last.Value, 100)
			}
			if err := i.Collect(s.ID, day, last.Value); err != nil {
				return // it was removed meanwhile
			}
		}
	}
}

// BuildPath is where the document of a team's builds is.
const BuildPath = "/build.json"

// Build serves a document about a team's builds, which anybody may read: two numbers of the day and
// a series of thirty days up to yesterday. They get better slowly, and move on with the server's
// clock.
func Build(s *document.Server) {
	s.Put(BuildPath, document.Document{Make: func(now time.Time) any {
		today := time.Date(now.UTC().Year(), now.UTC().Month(), now.UTC().Day(), 0, 0, 0, 0, time.UTC)
		coverage := make([]map[string]any, 30)
		for i := range coverage {
			day := today.AddDate(0, 0, i-len(coverage))
			coverage[i] = map[string]any{"date": day.Format(time.DateOnly), "value": math.Round(10*(78+swing(day, 7, 2)+float64(i)/10)) / 10}
		}
		return map[string]any{
			"failing_tests": math.Round(14 + swing(today, 5, 6)),
			"build_time":    map[string]any{"name": "Build time", "unit": "Minutes", "value": math.Round(10*(21+swing(today, 11, 3))) / 10},
			"coverage":      map[string]any{"name": "Test coverage", "unit": "%", "value": coverage},
		}
	}})
}

// swing goes up and down with the days, the same for a day whenever it is asked.
func swing(day time.Time, every, by float64) float64 {
	return by * math.Sin(2*math.Pi*float64(day.Unix()/86400)/every)
}
