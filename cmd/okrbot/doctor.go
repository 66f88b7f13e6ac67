package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"okrbot/bot"
	"okrbot/store"
)

type doctorCommand struct{}

// errUnwell is doctor's ending when something is to be fixed: what, was printed.
var errUnwell = errors.New("something is to be fixed, see above")

// Run checks one thing after the other, as far as each can be checked without the one before, and
// says what to fix. It changes nothing but an embedded database that it has to start.
func (doctorCommand) Run(in *invocation) error {
	ctx, cancel := context.WithTimeout(in.ctx, time.Minute)
	defer cancel()
	unwell := false
	say := func(what string, err error, fix string) bool {
		if err == nil {
			fmt.Fprintf(in.out, "ok    %s\n", what)
			return true
		}
		unwell = true
		fmt.Fprintf(in.out, "fix   %s: %v\n", what, err)
		if fix != "" {
			fmt.Fprintf(in.out, "      %s\n", fix)
		}
		return false
	}
	config, err := loadConfig(forServe)
	var bad badConfig
	if errors.As(err, &bad) {
		for _, problem := range bad {
			variable, what, _ := strings.Cut(problem, ": ")
			say("configuration, "+variable, errors.New(what), "")
		}
		return errUnwell
	}
	if !say("configuration", err, "") {
		return errUnwell
	}
	checkDatabase(ctx, config, say)
	slack := bot.NewSlack(bot.SlackOptions{APIURL: config.SlackAPIURL, BotToken: config.SlackBotToken, AppToken: config.SlackAppToken})
	who, err := slack.Who(ctx)
	if say("Slack knows our token", err, "Copy the Bot User OAuth Token again, and look at SLACK_API_URL.") {
		fmt.Fprintf(in.out, "      workspace %s (%s), bot %s\n", who.Name, who.ID, who.BotUserID)
	}
	if config.PublicURL == "" {
		fmt.Fprintln(in.out, "note  PUBLIC_URL is not set: OAuth and the page for secrets are not offered")
	}
	if len(config.HTTPJSONOrigins) == 0 {
		fmt.Fprintln(in.out, "note  HTTP_JSON_ORIGINS is not set: JSON documents are not offered")
	}
	if unwell {
		return errUnwell
	}
	return nil
}

func checkDatabase(ctx context.Context, config Config, say func(what string, err error, fix string) bool) {
	database, err := borrowDatabase(ctx, config, logger(config))
	if !say("database", err, "") {
		return
	}
	defer database.Close()
	pool, err := store.Open(ctx, database.dsn, 2)
	if err == nil {
		defer pool.Close()
		err = pool.Ping(ctx)
	}
	if err != nil {
		err = errors.New("it does not answer") // the driver's words can hold the password
	}
	if !say("database answers", err, "Check DATABASE_URL, and that this machine may connect.") {
		return
	}
	keys, err := config.Keyset()
	if !say("keys", err, "") {
		return
	}
	say("keys fit the database", store.New(pool, keys).ProveKeys(ctx), "Set the keyset that this database was made with.")
	say("database is migrated", store.Migrated(ctx, pool), "Run `okrbot migrate`; serve does it too.")
}
