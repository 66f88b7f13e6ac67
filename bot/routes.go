package bot

import (
	"context"
	"slices"

	"okrbot/bot/view"
)

// handler serves one gesture within two seconds, asking nobody but Postgres.
type handler func(b *Bot, ctx context.Context, g Gesture) (Reply, error)

// verb is a word after /okr.
type verb struct {
	name  string
	serve handler
}

// verbs are the words after /okr; help.go says what each does, and what it takes.
func verbs() []verb {
	return []verb{
		{"add-kr", (*Bot).addKeyResult},
		{"add-objective", (*Bot).addObjective},
		{"connect", (*Bot).connectCommand},
		{"connections", alone("connections", (*Bot).connectionsCommand)},
		{"list", (*Bot).listCommand},
		{"show", (*Bot).showCommand},
		{"edit", (*Bot).editCommand},
		{"check-in", (*Bot).checkInCommand},
		{"sync", (*Bot).syncCommand},
		{"pause", (*Bot).pauseCommand},
		{"resume", (*Bot).resumeCommand},
		{"remove", (*Bot).removeCommand},
		{"settings", alone("settings", (*Bot).settingsCommand)},
		{"close-out", (*Bot).closeOutCommand},
		{"export", (*Bot).exportCommand},
		{"subscribe", (*Bot).subscribeCommand},
		{"unsubscribe", (*Bot).unsubscribeCommand},
		{"subscriptions", alone("subscriptions", (*Bot).subscriptionsCommand)},
		{"help", (*Bot).helpCommand},
	}
}

// isVerb says whether a word is one of them.
func isVerb(name string) bool {
	return slices.ContainsFunc(verbs(), func(v verb) bool { return v.name == name })
}

// actions are what can be pressed, by action_id; for fields that tell of their changes, by the
// field's name.
var actions = map[string]handler{
	view.ActionSync:         (*Bot).syncPressed,
	view.ActionDetails:      (*Bot).detailsPressed,
	view.ActionCheckIn:      (*Bot).checkInPressed,
	view.ActionMore:         (*Bot).more,
	view.ActionResume:       (*Bot).resumeAutomatic,
	view.ActionHomeMore:     (*Bot).homeMore,
	view.ActionAddKeyResult: (*Bot).addKeyResult,
	view.ActionAddObjective: (*Bot).addObjective,
	view.ActionConnect:      (*Bot).connect,
	view.ActionList:         (*Bot).bare,
	view.ActionCloseOut:     (*Bot).closeOutPressed,
	view.ActionCloseOutAll:  (*Bot).closeOutAll,

	view.ActionManage:     (*Bot).managePressed,
	view.ActionTest:       (*Bot).testPressed,
	view.ActionReconnect:  (*Bot).reconnectPressed,
	view.ActionDisconnect: (*Bot).disconnectPressed,
	view.ActionConfirm:    (*Bot).confirmPressed,
	view.ActionNotMe:      (*Bot).notMePressed,
	view.ActionBrowse:     (*Bot).browsed,

	view.FieldPeriod: (*Bot).objectivePeriodChosen,
	view.FieldSystem: (*Bot).connectSystemChosen,
	view.FieldSignIn: (*Bot).connectSignInChosen,

	view.ActionBack:         (*Bot).wizardBack,
	view.ActionNewObjective: (*Bot).wizardNewObjective,
	view.ActionNewConnect:   (*Bot).wizardNewConnection,
	view.ActionPreview:      (*Bot).wizardPreview,
	view.ActionChangeSource: (*Bot).wizardChangeSource,
	view.FieldConnection:    (*Bot).wizardConnectionChosen,
	view.FieldScorecard:     (*Bot).wizardPartChosen,
	view.FieldBreakdown:     (*Bot).wizardPartChosen,
	view.FieldElement:       (*Bot).wizardPartChosen,
	view.FieldBreakdown2:    (*Bot).wizardPartChosen,
	view.FieldElement2:      (*Bot).wizardPartChosen,
	view.FieldSeries:        (*Bot).wizardPartChosen,
	view.FieldCadence:       (*Bot).wizardCadenceChosen,
	view.FieldGoal:          (*Bot).wizardGoalChosen,
	view.FieldStart:         (*Bot).wizardValuesChanged,
	view.FieldResult:        (*Bot).wizardValuesChanged,
	view.FieldTarget:        (*Bot).wizardValuesChanged,
	view.FieldUpper:         (*Bot).wizardValuesChanged,
	view.FieldRisk:          (*Bot).wizardValuesChanged,
	view.FieldCommitted:     (*Bot).wizardValuesChanged,
	view.FieldPhases:        (*Bot).wizardValuesChanged,
	view.FieldMethod:        (*Bot).wizardValuesChanged,
	view.FieldWanted:        (*Bot).wizardValuesChanged,
}

// submits are the forms, by callback_id.
var submits = map[string]handler{
	view.CallbackCheckIn:    (*Bot).checkedIn,
	view.CallbackRemove:     (*Bot).removed,
	view.CallbackSync:       (*Bot).syncPicked,
	view.CallbackSettings:   (*Bot).settingsSubmitted,
	view.CallbackObjective:  (*Bot).objectiveSubmitted,
	view.CallbackConnect:    (*Bot).connectSubmitted,
	view.CallbackConnection: (*Bot).connectionSubmitted,
	view.CallbackDisconnect: (*Bot).disconnected,
	view.CallbackCloseOut:   (*Bot).closeOutSubmitted,
	view.CallbackWizard:     (*Bot).wizardSubmitted,
}

// queries are the type-ahead fields, by block_id.
var queries = map[string]handler{
	view.BlockSync:      (*Bot).syncChoices,
	view.FieldZone:      (*Bot).zoneChoices,
	view.FieldObjective: (*Bot).objectiveChoices,
	view.FieldScorecard: (*Bot).scorecardChoices,
	view.FieldElement:   (*Bot).elementChoices,
	view.FieldElement2:  (*Bot).secondElementChoices,
}

// verbOf is who serves a verb; nil where there is none of this name.
func verbOf(name string) handler {
	for _, v := range verbs() {
		if v.name == name {
			return v.serve
		}
	}
	return nil
}

// route finds who serves a gesture.
func (b *Bot) route(g gesture) (handler, bool) {
	switch g.kind {
	case aCommand:
		if g.route == "" {
			return (*Bot).bare, true
		}
		if serve := verbOf(g.route); serve != nil {
			return serve, true
		}
		return func(b *Bot, ctx context.Context, said Gesture) (Reply, error) {
			return b.noVerb(ctx, said, g.route, g.verb)
		}, true
	case anAction:
		h, ok := actions[g.route]
		return h, ok
	case aSubmit:
		h, ok := submits[g.route]
		return h, ok
	case aQuery:
		h, ok := queries[g.route]
		return h, ok
	case aClose:
		return func(*Bot, context.Context, Gesture) (Reply, error) { return Reply{}, nil }, true
	}
	return nil, false
}
