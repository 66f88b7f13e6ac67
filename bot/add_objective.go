package bot

import (
	"context"
	"sort"
	"strings"

	"okrbot/bot/command"
	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/bot/wizard"
	"okrbot/jobs"
	"okrbot/okr"
	"okrbot/store"
)

// objectiveDraft is the form of an objective on its way, and the wizard it is a detour from.
type objectiveDraft struct {
	Edit    int64 // the objective that is changed; 0 adds one
	Version int   // of it, when the form was opened
	Key     string
	Wizard  string // the wizard's draft
	Under   string // the wizard's view
}

var objectiveForm = desk.Form[objectiveDraft]{Kind: view.CallbackObjective, Again: "/okr add-objective"}

// objectives are what people do with objectives: add, list and see them, change them, hand them over, and
// remove them.
type objectives struct {
	shows
	jobs *jobs.Client // that tell people what was done to what is theirs, and read what moved
	// closeOut is the form in which one is closed out.
	closeOut func(ctx context.Context, g desk.Gesture, o okr.Objective) (desk.Reply, error)
	// added answers with the wizard from which the form was opened, and the objective that was added.
	added func(ctx context.Context, g desk.Gesture, from wizard.Opener, objective int64) (desk.Reply, error)
}

// add is "/okr add-objective", "/okr add-objective Be calm" and the button of that name.
func (ob objectives) add(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	return ob.open(ctx, g, objectiveDraft{})
}

func (ob objectives) open(ctx context.Context, g desk.Gesture, d objectiveDraft) (desk.Reply, error) {
	if !okr.May(g.Actor, okr.AddObjective) {
		return desk.Say("Guests cannot add objectives. Ask a member of this workspace."), nil
	}
	now, err := ob.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	form := view.ObjectiveForm{Title: view.Cut(command.Spoken(g.Text), okr.MaxTitle), Owner: g.Actor.ID, Period: view.ThisQuarter, Zone: g.Zone}
	draft, err := objectiveForm.Begin(ctx, ob.Store.Statements, g.Actor, "fill", d)
	if err != nil {
		return desk.Reply{}, err
	}
	modal := form.Modal(draft.ID, okr.DayIn(g.Zone, now))
	return desk.Reply{Open: &modal}, nil
}

// periodChosen shows the two days when dates are wanted.
func (ob objectives) periodChosen(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	draft, d, err := objectiveForm.Shown(ctx, ob.Store.Statements, g)
	if err != nil {
		return desk.Reply{}, err
	}
	now, err := ob.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	form := view.ParseObjective(g.View.State)
	form.Editing = d.Key
	modal := form.Modal(draft.ID, okr.DayIn(g.Zone, now))
	return desk.Reply{Update: &modal}, nil
}

// submitted saves the objective. A form submitted twice makes one.
func (ob objectives) submitted(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	draft, d, err := objectiveForm.Shown(ctx, ob.Store.Statements, g)
	if err != nil {
		return desk.Reply{}, err
	}
	if d.Edit != 0 {
		return ob.edited(ctx, g, draft, d)
	}
	if !okr.May(g.Actor, okr.AddObjective) {
		return desk.Say("Guests cannot add objectives. Nothing was saved. Ask a member of this workspace."), nil
	}
	now, err := ob.Store.Now(ctx)
	if err != nil {
		return desk.Reply{}, err
	}
	o, problems := view.ParseObjective(g.View.State).Objective(okr.DayIn(g.Zone, now))
	if len(problems) == 0 {
		problems = ob.OwnersProblems(ctx, g.Actor, o.Owner, o.CoOwners)
	}
	if len(problems) > 0 {
		return desk.Reply{Problems: problems}, nil
	}
	err = ob.Store.InTx(ctx, func(tx *store.Tx) error {
		var fresh bool
		var err error
		if o, fresh, err = tx.CreateObjective(ctx, g.Actor, o, draft.ID); err != nil || !fresh {
			return err // who is concerned by an earlier one was told then
		}
		return ob.tellOwners(ctx, tx, g.Actor, okr.Objective{}, o, nil)
	})
	if problems := choiceProblem(err); problems != nil {
		return desk.Reply{Problems: problems}, nil
	}
	if err != nil {
		return desk.Reply{}, err
	}
	if d.Wizard != "" {
		back, err := ob.added(ctx, g, wizard.Opener{Draft: d.Wizard, View: d.Under}, o.ID)
		if err == nil {
			return back, nil
		}
		ob.Log.Warn("going back to the wizard", "actor", g.Actor.ID, "error", err) // the objective is there all the same
	}
	r := desk.Say("Objective added: *" + view.Escape(o.Title) + "*, " + o.Period.Words() + ". Its number is " + o.Key() + ". Next: add a key result with `/okr add-kr`.")
	r.Home = true
	ob.sayOthers(ctx, o, r.Say)
	return r, nil
}

// zones are the time zones that can be chosen: one for each city that people look for.
var zones = strings.Fields(`UTC
Africa/Abidjan Africa/Accra Africa/Addis_Ababa Africa/Algiers Africa/Cairo Africa/Casablanca Africa/Dakar Africa/Harare
Africa/Johannesburg Africa/Kampala Africa/Khartoum Africa/Kigali Africa/Kinshasa Africa/Lagos Africa/Luanda Africa/Lusaka
Africa/Maputo Africa/Monrovia Africa/Nairobi Africa/Tripoli Africa/Tunis Africa/Windhoek
America/Adak America/Anchorage America/Argentina/Buenos_Aires America/Asuncion America/Bogota America/Boise America/Caracas
America/Chicago America/Costa_Rica America/Denver America/Detroit America/Edmonton America/El_Salvador America/Guatemala
America/Guayaquil America/Halifax America/Havana America/Jamaica America/La_Paz America/Lima America/Los_Angeles
America/Managua America/Mexico_City America/Monterrey America/Montevideo America/New_York America/Nuuk America/Panama
America/Phoenix America/Puerto_Rico America/Regina America/Santiago America/Santo_Domingo America/Sao_Paulo
America/St_Johns America/Tijuana America/Toronto America/Vancouver America/Winnipeg
Asia/Almaty Asia/Amman Asia/Baghdad Asia/Bahrain Asia/Baku Asia/Bangkok Asia/Beirut Asia/Colombo Asia/Damascus Asia/Dhaka
Asia/Dubai Asia/Ho_Chi_Minh Asia/Hong_Kong Asia/Irkutsk Asia/Jakarta Asia/Jerusalem Asia/Kabul Asia/Karachi Asia/Kathmandu
Asia/Kolkata Asia/Kuala_Lumpur Asia/Kuwait Asia/Macau Asia/Manila Asia/Muscat Asia/Nicosia Asia/Novosibirsk Asia/Phnom_Penh
Asia/Qatar Asia/Riyadh Asia/Seoul Asia/Shanghai Asia/Singapore Asia/Taipei Asia/Tashkent Asia/Tbilisi Asia/Tehran
Asia/Tokyo Asia/Ulaanbaatar Asia/Vladivostok Asia/Yangon Asia/Yekaterinburg Asia/Yerevan
Atlantic/Azores Atlantic/Canary Atlantic/Cape_Verde Atlantic/Reykjavik
Australia/Adelaide Australia/Brisbane Australia/Darwin Australia/Hobart Australia/Lord_Howe Australia/Melbourne
Australia/Perth Australia/Sydney
Europe/Amsterdam Europe/Athens Europe/Belgrade Europe/Berlin Europe/Bratislava Europe/Brussels Europe/Bucharest
Europe/Budapest Europe/Chisinau Europe/Copenhagen Europe/Dublin Europe/Helsinki Europe/Istanbul Europe/Kyiv Europe/Lisbon
Europe/Ljubljana Europe/London Europe/Luxembourg Europe/Madrid Europe/Malta Europe/Minsk Europe/Moscow Europe/Oslo
Europe/Paris Europe/Prague Europe/Riga Europe/Rome Europe/Samara Europe/Sarajevo Europe/Skopje Europe/Sofia Europe/Stockholm
Europe/Tallinn Europe/Tirane Europe/Vienna Europe/Vilnius Europe/Warsaw Europe/Zagreb Europe/Zurich
Indian/Maldives Indian/Mauritius Indian/Reunion
Pacific/Apia Pacific/Auckland Pacific/Chatham Pacific/Fiji Pacific/Guam Pacific/Honolulu Pacific/Kiritimati Pacific/Noumea
Pacific/Port_Moresby Pacific/Tahiti Pacific/Tongatapu`)

// zoneChoices fills the type-ahead of time zones by any part of their names, those that a part
// begins with first.
func zoneChoices(_ context.Context, g desk.Gesture) (desk.Reply, error) {
	query := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(g.Query), " ", "_"))
	var found [][2]string
	for _, zone := range zones {
		if strings.Contains(strings.ToLower(zone), query) {
			found = append(found, [2]string{zone, zone})
		}
	}
	begins := func(zone string) bool {
		for _, part := range strings.Split(strings.ToLower(zone), "/") {
			if strings.HasPrefix(part, query) {
				return true
			}
		}
		return false
	}
	sort.SliceStable(found, func(i, j int) bool { return begins(found[i][0]) && !begins(found[j][0]) })
	return desk.Reply{Options: view.Options(found)}, nil
}
