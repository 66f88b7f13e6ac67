package bot

import (
	"okrbot/bot/desk"
	"okrbot/bot/view"
)

// table is who serves what. help.go says what each verb does, and what it takes.
func (b *Bot) table() desk.Routes {
	inWizard := b.wizard.In
	r := desk.Routes{
		Bare: b.lists.mine, Unknown: b.help.noVerb,
		Verbs: []desk.Verb{
			{Name: "add-kr", Serve: b.wizard.Add},
			{Name: "add-objective", Serve: b.objectives.add},
			{Name: "objectives", Serve: b.objectives.command},
			{Name: "connect", Serve: b.connect.Command},
			{Name: "connections", Serve: desk.NoArguments("connections", b.connect.List)},
			{Name: "list", Serve: b.lists.command},
			{Name: "show", Serve: b.objectives.or("show", b.keyResults.showCommand, b.objectives.show)},
			{Name: "edit", Serve: b.objectives.or("edit", b.keyResults.editCommand, b.objectives.edit)},
			{Name: "check-in", Serve: b.checkIns.command},
			{Name: "sync", Serve: b.syncs.command},
			{Name: "pause", Serve: b.keyResults.pauseCommand},
			{Name: "resume", Serve: b.keyResults.resumeCommand},
			{Name: "remove", Serve: b.objectives.or("remove", b.keyResults.removeCommand, b.objectives.removeQuestion)},
			{Name: "settings", Serve: desk.NoArguments("settings", b.settings.command)},
			{Name: "close-out", Serve: b.closeOuts.command},
			{Name: "export", Serve: b.exports.command},
			{Name: "subscribe", Serve: b.subscriptions.subscribe},
			{Name: "unsubscribe", Serve: b.subscriptions.unsubscribe},
			{Name: "subscriptions", Serve: desk.NoArguments("subscriptions", b.subscriptions.list)},
			{Name: "help", Serve: b.help.command},
		},
		Shows: []string{
			"list", "objectives", "show", "connections", "subscriptions", "help",
			view.ActionDetails, view.ActionList, view.ActionListBack, view.ActionListOn, view.ActionObjectives, view.ActionObjectivesTo,
			view.ActionConnectionsBack, view.ActionConnectionsOn, view.ActionSubscriptionsBack, view.ActionSubscriptionsOn, view.ActionToCloseOutBack, view.ActionToCloseOutOn, view.ActionBrowse, view.ShortcutMine,
		},
		// What can be pressed, by action_id; for fields that tell of their changes, by the field's name.
		Actions: map[string]desk.Handler{
			view.ActionSync:         b.syncs.pressed,
			view.ActionPostAgain:    b.syncs.postAgain,
			view.ActionDetails:      b.keyResults.pressed,
			view.ActionCheckIn:      b.checkIns.pressed,
			view.ActionMore:         b.keyResults.more,
			view.ActionResume:       b.keyResults.resumeAutomatic,
			view.ActionNamed:        b.CommandPressed,
			view.ActionAddKeyResult: b.wizard.Add,
			view.ActionAddObjective: b.objectives.add,
			view.ActionConnect:      b.connect.Open,
			view.ActionList:         b.lists.beside,
			view.ActionListBack:     b.lists.turned,
			view.ActionListOn:       b.lists.turned,
			view.ActionCloseOut:     b.closeOuts.pressed,
			view.ActionCloseOutAll:  b.closeOuts.all,

			view.ActionToCloseOutBack:    b.closeOuts.turned,
			view.ActionToCloseOutOn:      b.closeOuts.turned,
			view.ActionSubscriptionsBack: b.subscriptions.turned,
			view.ActionSubscriptionsOn:   b.subscriptions.turned,

			view.ActionObjective:     b.objectives.pressed,
			view.ActionObjectiveMore: b.objectives.more,
			view.ActionObjectives:    b.objectives.turned,
			view.ActionObjectivesTo:  b.objectives.turned,

			view.ActionConnectionsBack: b.connect.PageTurned,
			view.ActionConnectionsOn:   b.connect.PageTurned,

			view.ActionManage:     b.connect.ManagePressed,
			view.ActionTest:       b.connect.TestPressed,
			view.ActionReconnect:  b.connect.ReconnectPressed,
			view.ActionDisconnect: b.connect.DisconnectPressed,
			view.ActionConfirm:    b.connect.ConfirmPressed,
			view.ActionNotMe:      b.connect.NotMePressed,
			view.ActionBrowse:     b.connect.LinkFollowed,

			view.ActionConsent: b.audiences.consented,
			view.ActionSilence: b.audiences.silenced,

			view.FieldPeriod: b.objectives.periodChosen,
			view.FieldSystem: b.connect.SystemChosen,
			view.FieldSignIn: b.connect.SignInChosen,

			view.ActionBack:         inWizard(b.wizard.Back),
			view.ActionNewObjective: inWizard(b.wizard.NewObjective),
			view.ActionNewConnect:   inWizard(b.wizard.NewConnection),
			view.ActionPreview:      inWizard(b.wizard.PreviewPressed),
			view.ActionChangeSource: inWizard(b.wizard.ChangeSource),
			view.FieldConnection:    inWizard(b.wizard.ConnectionChosen),
			view.FieldScorecard:     inWizard(b.wizard.ScorecardChosen),
			view.FieldBreakdown:     inWizard(b.wizard.ScorecardChosen),
			view.FieldElement:       inWizard(b.wizard.ScorecardChosen),
			view.FieldBreakdown2:    inWizard(b.wizard.ScorecardChosen),
			view.FieldElement2:      inWizard(b.wizard.ScorecardChosen),
			view.FieldSeries:        inWizard(b.wizard.ScorecardChosen),
			view.FieldCadence:       inWizard(b.wizard.CadenceChosen),
			view.FieldGoal:          inWizard(b.wizard.GoalChosen),
			view.FieldStart:         inWizard(b.wizard.ValuesTyped),
			view.FieldResult:        inWizard(b.wizard.ValuesTyped),
			view.FieldTarget:        inWizard(b.wizard.ValuesTyped),
			view.FieldUnit:          inWizard(b.wizard.ValuesTyped),
			view.FieldUpper:         inWizard(b.wizard.ValuesTyped),
			view.FieldRisk:          inWizard(b.wizard.ValuesTyped),
			view.FieldCommitted:     inWizard(b.wizard.ValuesTyped),
			view.FieldPhases:        inWizard(b.wizard.ValuesTyped),
			view.FieldMethod:        inWizard(b.wizard.ValuesTyped),
			view.FieldWanted:        inWizard(b.wizard.ValuesTyped),
			view.FieldChannel:       inWizard(b.wizard.ValuesTyped),
			view.FieldWeekday:       inWizard(b.wizard.ValuesTyped),
			view.FieldOffset:        inWizard(b.wizard.ValuesTyped),
			view.FieldHour:          inWizard(b.wizard.ValuesTyped),
			view.ActionMoreFields:   inWizard(b.wizard.MorePressed),
		},
		// The forms, by callback_id.
		Submits: map[string]desk.Handler{
			view.CallbackCheckIn:         b.checkIns.submitted,
			view.CallbackCheckInPick:     b.shortcuts.picked,
			view.CallbackRemove:          b.keyResults.removed,
			view.CallbackSync:            b.syncs.picked,
			view.CallbackSettings:        b.settings.submitted,
			view.CallbackHomeFilter:      b.home.filtered,
			view.CallbackRemoveObjective: b.objectives.removed,
			view.CallbackObjective:       b.objectives.submitted,
			view.CallbackConnect:         b.connect.Submitted,
			view.CallbackConnection:      b.connect.ConnectionSubmitted,
			view.CallbackDisconnect:      b.connect.Disconnected,
			view.CallbackCloseOut:        b.closeOuts.submitted,
			view.CallbackWizard:          inWizard(b.wizard.Submitted),
		},
		// What Slack's menus offer, by callback_id; the manifest has the same.
		Shortcuts: map[string]desk.Handler{
			view.ShortcutNote:    b.shortcuts.note,
			view.ShortcutAdd:     b.wizard.Add,
			view.ShortcutMine:    b.lists.mine,
			view.ShortcutCheckIn: b.shortcuts.checkIn,
		},
		// The type-ahead fields, by block_id.
		Queries: map[string]desk.Handler{
			view.BlockSync:        b.syncs.choices,
			view.BlockCheckInPick: b.shortcuts.choices,
			view.FieldParent:      b.objectives.parentChoices,
			view.FieldMove:        b.objectives.moveChoices,
			view.FieldMoveAll:     b.objectives.moveChoices,
			view.FieldZone:        zoneChoices,
			view.FieldObjective:   b.wizard.ObjectiveChoices,
			view.FieldScorecard:   b.wizard.ScorecardChoices,
			view.FieldElement:     b.wizard.ElementChoices,
			view.FieldElement2:    b.wizard.SecondElementChoices,
		},
	}
	for id, serve := range b.home.actions() {
		r.Actions[id] = serve
		if id != view.ActionHomeMore {
			r.Shows = append(r.Shows, id)
		}
	}
	return r
}
