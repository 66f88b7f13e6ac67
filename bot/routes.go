package bot

import (
	"okrbot/bot/desk"
	"okrbot/bot/view"
)

// table is who serves what. help.go says what each verb does, and what it takes.
func (b *Bot) table() desk.Routes {
	inWizard := b.wizard.In
	return desk.Routes{
		Bare: b.bare, Unknown: b.noVerb,
		Verbs: []desk.Verb{
			{Name: "add-kr", Serve: b.wizard.Add},
			{Name: "add-objective", Serve: b.addObjective},
			{Name: "connect", Serve: b.connectCommand},
			{Name: "connections", Serve: desk.Alone("connections", b.connectionsCommand)},
			{Name: "list", Serve: b.listCommand},
			{Name: "show", Serve: b.showCommand},
			{Name: "edit", Serve: b.editCommand},
			{Name: "check-in", Serve: b.checkInCommand},
			{Name: "sync", Serve: b.syncCommand},
			{Name: "pause", Serve: b.pauseCommand},
			{Name: "resume", Serve: b.resumeCommand},
			{Name: "remove", Serve: b.removeCommand},
			{Name: "settings", Serve: desk.Alone("settings", b.settingsCommand)},
			{Name: "close-out", Serve: b.closeOutCommand},
			{Name: "export", Serve: b.exportCommand},
			{Name: "subscribe", Serve: b.subscribeCommand},
			{Name: "unsubscribe", Serve: b.unsubscribeCommand},
			{Name: "subscriptions", Serve: desk.Alone("subscriptions", b.subscriptionsCommand)},
			{Name: "help", Serve: b.helpCommand},
		},
		// What can be pressed, by action_id; for fields that tell of their changes, by the field's name.
		Actions: map[string]desk.Handler{
			view.ActionSync:         b.syncPressed,
			view.ActionDetails:      b.detailsPressed,
			view.ActionCheckIn:      b.checkInPressed,
			view.ActionMore:         b.more,
			view.ActionResume:       b.resumeAutomatic,
			view.ActionHomeMore:     b.homeMore,
			view.ActionAddKeyResult: b.wizard.Add,
			view.ActionAddObjective: b.addObjective,
			view.ActionConnect:      b.connect,
			view.ActionList:         b.bare,
			view.ActionCloseOut:     b.closeOutPressed,
			view.ActionCloseOutAll:  b.closeOutAll,

			view.ActionManage:     b.managePressed,
			view.ActionTest:       b.testPressed,
			view.ActionReconnect:  b.reconnectPressed,
			view.ActionDisconnect: b.disconnectPressed,
			view.ActionConfirm:    b.confirmPressed,
			view.ActionNotMe:      b.notMePressed,
			view.ActionBrowse:     b.browsed,

			view.FieldPeriod: b.objectivePeriodChosen,
			view.FieldSystem: b.connectSystemChosen,
			view.FieldSignIn: b.connectSignInChosen,

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
			view.FieldUpper:         inWizard(b.wizard.ValuesTyped),
			view.FieldRisk:          inWizard(b.wizard.ValuesTyped),
			view.FieldCommitted:     inWizard(b.wizard.ValuesTyped),
			view.FieldPhases:        inWizard(b.wizard.ValuesTyped),
			view.FieldMethod:        inWizard(b.wizard.ValuesTyped),
			view.FieldWanted:        inWizard(b.wizard.ValuesTyped),
		},
		// The forms, by callback_id.
		Submits: map[string]desk.Handler{
			view.CallbackCheckIn:    b.checkedIn,
			view.CallbackRemove:     b.removed,
			view.CallbackSync:       b.syncPicked,
			view.CallbackSettings:   b.settingsSubmitted,
			view.CallbackObjective:  b.objectiveSubmitted,
			view.CallbackConnect:    b.connectSubmitted,
			view.CallbackConnection: b.connectionSubmitted,
			view.CallbackDisconnect: b.disconnected,
			view.CallbackCloseOut:   b.closeOutSubmitted,
			view.CallbackWizard:     inWizard(b.wizard.Submitted),
		},
		// The type-ahead fields, by block_id.
		Queries: map[string]desk.Handler{
			view.BlockSync:      b.syncChoices,
			view.FieldZone:      b.zoneChoices,
			view.FieldObjective: b.wizard.ObjectiveChoices,
			view.FieldScorecard: b.wizard.ScorecardChoices,
			view.FieldElement:   b.wizard.ElementChoices,
			view.FieldElement2:  b.wizard.SecondElementChoices,
		},
	}
}
