#include <stdio.h>
#include <string.h>

#include "authd/notify/gateway/mail.h"
#include "authd/notify/gateway/sendsms.h"
#include "authd/notify/gateway/settings.h"

#define TEXT(name, member, initial, meaning)                                                       \
    {                                                                                              \
        name, CONF_TEXT, offsetof(struct settings, member), sizeof((struct settings *)0)->member,  \
            0, 0, initial, meaning                                                                 \
    }
#define NUMBER(name, member, min, max, initial, meaning)                                           \
    { name, CONF_NUMBER, offsetof(struct settings, member), 0, min, max, initial, meaning }

const struct conf_key settings_keys[] = {
    TEXT("gateway-1-url", gateways[0].url, "", "Kannel's sendsms, taken while it is well"),
    TEXT("gateway-1-user-file", gateways[0].user_file, "", "file with the sendsms-user's name"),
    TEXT("gateway-1-password-file", gateways[0].password_file, "", "file with its password"),
    TEXT("gateway-2-url", gateways[1].url, "", "Kannel's sendsms, taken when the first is not"),
    TEXT("gateway-2-user-file", gateways[1].user_file, "", "file with the sendsms-user's name"),
    TEXT("gateway-2-password-file", gateways[1].password_file, "", "file with its password"),
    TEXT("sender", sender, "IDCS", "whom a short message is from: a name or a number"),
    TEXT("smtp-url", smtp.url, "", "mail server, such as smtp://mail.example.org:587"),
    TEXT("smtp-user-file", smtp.user_file, "", "file with our name there, if it wants one"),
    TEXT("smtp-password-file", smtp.password_file, "", "file with its password"),
    TEXT("smtp-from", smtp_from, "", "address mail is from"),
    {"smtp-starttls", CONF_SWITCH, offsetof(struct settings, smtp_starttls), 0, 0, 0, "yes",
     "refuse a mail server of smtp: that has no TLS"},
    TEXT("ca-file", ca_file, "/etc/ssl/certs/ca-certificates.crt", "authorities of TLS servers"),
    TEXT("dlr-listen", report_listen, "", "loopback address and port for delivery reports"),
    TEXT("dlr-url", report_url, "", "what gateways call it (default: http:// and dlr-listen)"),
    TEXT("default-language", default_language, "ara",
         "ara, fra, zgh or eng: for people whose language has no texts"),
    TEXT("time-zone", time_zone, "Africa/Casablanca", "whose clock people read"),
    NUMBER("connect-timeout-ms", connect_timeout_ms, 100, 60000, "2000", "for a connection"),
    NUMBER("answer-timeout-ms", answer_timeout_ms, 100, 120000, "10000", "for an answer"),
    NUMBER("in-flight", in_flight, 1, 256, "256", "most unanswered requests at one gateway"),
    NUMBER("failures", failures, 1, 1000, "3", "in a row, before a gateway rests"),
    NUMBER("slow-ms", slow_ms, 50, 60000, "1500", "an answer later than this: take the other"),
    NUMBER("rest-seconds", rest_seconds, 1, 3600, "5",
           "the first rest; each next is twice as long"),
    NUMBER("longest-rest-seconds", longest_rest_seconds, 1, 86400, "300", "the longest rest"),
    NUMBER("address-burst", address.burst, 1, 1000, "10",
           "messages to one number or address at once"),
    NUMBER("address-per-hour", address.per_hour, 1, 3600, "30", "and in the long run"),
    NUMBER("programme-burst", programme.burst, 1, 1000000, "3000",
           "messages for one programme at once"),
    NUMBER("programme-per-hour", programme.per_hour, 1, 3600000, "360000", "and in the long run"),
};
const size_t settings_key_count = sizeof settings_keys / sizeof *settings_keys;

static enum err refuse(struct conf_problem *problem, const char *text) {
    (void)snprintf(problem->text, sizeof problem->text, "%s", text);
    return ERR_CONFIG;
}

static enum err check_mail(const struct settings *settings, struct conf_problem *problem) {
    const struct settings_gateway *smtp = &settings->smtp;
    if (smtp->url[0] == '\0')
        return ERR_OK;
    if (mail_address_check(settings->smtp_from) != ERR_OK)
        return refuse(problem, "smtp-from: write the address that mail is from");
    if (smtp->user_file[0] != '\0' && !settings->smtp_starttls &&
        strncmp(smtp->url, "smtps:", strlen("smtps:")) != 0)
        return refuse(problem, "smtp-password-file: a password needs TLS: set smtp-starttls = yes "
                               "or use smtps:");
    return ERR_OK;
}

enum err settings_check(const struct settings *settings, struct conf_problem *problem) {
    enum text_language language;
    *problem = (struct conf_problem){0};
    if (settings->gateways[0].url[0] == '\0' && settings->smtp.url[0] == '\0')
        return refuse(problem, "nothing to send by: set gateway-1-url, smtp-url or both");
    if (settings->gateways[0].url[0] == '\0' && settings->gateways[1].url[0] != '\0')
        return refuse(problem, "gateway-2-url without gateway-1-url: set that first");
    if (sendsms_sender_check(settings->sender) != ERR_OK)
        return refuse(problem, "sender: write a name or a number of at most 15 characters");
    if (text_language_parse(settings->default_language, &language) != ERR_OK)
        return refuse(problem, "default-language: write ara, fra, zgh or eng");
    if (settings->report_url[0] != '\0' &&
        (settings->report_listen[0] == '\0' ||
         strncmp(settings->report_url, "http://", strlen("http://")) != 0 ||
         strpbrk(settings->report_url, " %?#") != NULL))
        return refuse(problem, "dlr-url: write http://HOST:PORT, where dlr-listen is reached from "
                               "the gateway");
    return check_mail(settings, problem);
}

struct health_policy settings_health(const struct settings *settings) {
    return (struct health_policy){
        .failures = (unsigned)settings->failures,
        .slow_ms = settings->slow_ms,
        .rest_ms = settings->rest_seconds * 1000,
        .longest_rest_ms = settings->longest_rest_seconds * 1000,
    };
}

enum text_language settings_language(const struct settings *settings) {
    enum text_language language = TEXT_ARA;
    return text_language_parse(settings->default_language, &language) == ERR_OK ? language
                                                                                : TEXT_ARA;
}
