#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "authd/notify/core_link.h"
#include "authd/notify/local_time.h"
#include "authd/notify/outbox/outbox_folder.h"
#include "authd/notify/outbox/outbox_json.h"
#include "authd/notify/text.h"
#include "authd/wire/notify_wire.h"
#include "firmware/base/boot.h"
#include "firmware/base/clock.h"
#include "firmware/base/conf.h"
#include "firmware/base/confine.h"
#include "firmware/base/log.h"
#include "firmware/base/secret.h"

/*
 * A notify process for demonstrations and tests: it writes messages, codes included, into a folder
 * where a person would have them in hand. Messages are handled one by one as they come; what waits
 * is in the core's bounded queue and the socket.
 */
#define ARENA_BYTES    65536
#define FILE_BYTES_MAX 65536
#define DESCRIPTORS    128

struct settings {
    char outbox_directory[256];
    char default_language[4];
    char time_zone[64];
    int64_t keep_files;
};

static const struct conf_key keys[] = {
    {"outbox-directory", CONF_TEXT, offsetof(struct settings, outbox_directory), 256, 0, 0,
     "/var/lib/idcs/outbox", "folder the messages are written to"},
    {"default-language", CONF_TEXT, offsetof(struct settings, default_language), 4, 0, 0, "ara",
     "ara, fra, zgh or eng: for people whose language has no texts"},
    {"time-zone", CONF_TEXT, offsetof(struct settings, time_zone), 64, 0, 0, "Africa/Casablanca",
     "whose clock people read"},
    {"keep-files", CONF_NUMBER, offsetof(struct settings, keep_files), 0, 1, OUTBOX_FILES_MAX,
     "10000", "how many messages are kept; older ones are removed"},
};

static const struct boot_program program = {
    .name = "authd-outbox",
    .summary = "writes messages to people into a folder, for demonstrations and tests",
    .keys = keys,
    .key_count = sizeof keys / sizeof *keys,
};

struct outbox {
    struct core_link link; /* first: it is what handlers get */
    struct boot boot;
    struct settings settings;
    enum text_language default_language;
    struct outbox_folder *folder;
    struct serve *serve;
};

static enum text_language language_of(const struct outbox *outbox, const char *code) {
    enum text_language language;
    return text_language_parse(code, &language) == ERR_OK ? language : outbox->default_language;
}

static enum err write_message(const struct outbox *outbox, const struct outbox_message *message) {
    SECRET(memory);
    struct bytes json;
    ERR_TRY(secret_new(&memory, OUTBOX_JSON_MAX));
    struct buffer target = buffer_over(memory.data, memory.len);
    ERR_TRY(outbox_json_put(&target, message));
    ERR_TRY(buffer_end(&target, &json));
    return outbox_folder_write(outbox->folder, json);
}

/* To whom a message goes. */
struct recipient {
    bool by_phone, by_email;
    const char *phone, *email;
};

/* One file for each channel; delivered when one of them is, as with gateways. */
static enum err write_to_channels(const struct outbox *outbox, const struct recipient *recipient,
                                  const struct outbox_message *content) {
    char sent_at[CLOCK_TEXT_SIZE];
    struct outbox_message message = *content;
    clock_format_millis(clock_wall_ms(), sent_at);
    message.sent_at = sent_at;
    const struct {
        bool wanted;
        const char *channel, *to;
    } channels[] = {{recipient->by_phone, "phone", recipient->phone},
                    {recipient->by_email, "email", recipient->email}};
    enum err last = ERR_NOT_FOUND;
    bool delivered = false;
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++) {
        message.channel = channels[i].channel;
        message.to = channels[i].to;
        if (channels[i].wanted)
            last = write_message(outbox, &message);
        delivered = delivered || (channels[i].wanted && last == ERR_OK);
    }
    return delivered ? ERR_OK : last;
}

static enum err deliver_otp(const struct outbox *outbox, const struct notify_otp *otp) {
    SECRET(memory);
    struct text_values values = {.programme = otp->programme, .otp = otp->otp};
    enum text_language language = language_of(outbox, otp->language);
    struct outbox_message message = {
        .language = text_language_code(language), .otp = otp->otp, .transaction = otp->transaction};
    struct recipient recipient = {otp->by_phone, otp->by_email, otp->phone, otp->email};
    ERR_TRY(secret_new(&memory, TEXT_BYTES_MAX));
    struct buffer text = buffer_over(memory.data, memory.len);
    ERR_TRY(text_minutes(otp->valid_until_ms - clock_wall_ms(), &values.minutes));
    ERR_TRY(text_render(TEXT_OTP, language, &values, &text));
    ERR_TRY(buffer_end(&text, &message.text));
    return write_to_channels(outbox, &recipient, &message);
}

static enum err deliver_event(const struct outbox *outbox, const struct notify_event *event) {
    uint8_t memory[TEXT_BYTES_MAX];
    struct local_time local;
    enum text_language language = language_of(outbox, event->language);
    struct outbox_message message = {.language = text_language_code(language)};
    struct recipient recipient = {event->by_phone, event->by_email, event->phone, event->email};
    struct buffer text = buffer_over(memory, sizeof memory);
    ERR_TRY(local_time_format(event->at_ms, &local));
    struct text_values values = {.programme = event->programme,
                                 .date = local.date,
                                 .time = local.time,
                                 .identifier = event->identifier};
    ERR_TRY(text_render(event->confirmed ? TEXT_CONFIRMED : TEXT_FAILED, language, &values, &text));
    ERR_TRY(buffer_end(&text, &message.text));
    return write_to_channels(outbox, &recipient, &message);
}

static void note_failure(enum err err) {
    if (err != ERR_OK)
        log_event(LOG_WARNING, "message-not-delivered", "reason=%s errno=%d", err_text(err),
                  err == ERR_SYSTEM ? errno : 0);
}

static enum err handle_event(void *context, struct serve_peer *peer, const struct frame *frame) {
    const struct outbox *outbox = context;
    struct notify_event event;
    (void)peer;
    ERR_TRY(notify_wire_get_event(frame->payload, &event));
    note_failure(deliver_event(outbox, &event));
    return ERR_OK;
}

static enum err handle_otp(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct outbox *outbox = context;
    SECRET(memory);
    ERR_TRY(secret_new(&memory, sizeof(struct notify_otp)));
    struct notify_otp *otp = (struct notify_otp *)(void *)memory.data;
    ERR_TRY(notify_wire_get_otp(frame->payload, otp));
    enum err err = core_link_is_ours(&outbox->link, frame) ? deliver_otp(outbox, otp) : ERR_EXPIRED;
    note_failure(err);
    struct core_link_question question = {peer, frame->id, frame->generation};
    return core_link_answer(&question, err == ERR_OK);
}

/* The core alone decides when codes are sent, and its state may reach this process late. */
static const struct serve_verb core_verbs[] = {{NOTIFY_OTP, SERVE_ANY_STATE, handle_otp},
                                               {NOTIFY_EVENT, SERVE_ANY_STATE, handle_event}};

static enum err configure(struct outbox *outbox) {
    struct conf_problem problem;
    enum err err = conf_parse(bytes_of(outbox->boot.settings, outbox->boot.settings_len), keys,
                              program.key_count, &outbox->settings, &problem);
    if (err != ERR_OK) {
        fprintf(stderr, "%s: %s\n", program.name, problem.text);
        return err;
    }
    if (text_language_parse(outbox->settings.default_language, &outbox->default_language) !=
        ERR_OK) {
        fprintf(stderr, "%s: default-language: write ara, fra, zgh or eng\n", program.name);
        return ERR_CONFIG;
    }
    err = local_time_open(outbox->settings.time_zone);
    if (err != ERR_OK)
        fprintf(stderr,
                "%s: time-zone: no such zone; write one as Africa/Casablanca and install "
                "package tzdata\n",
                program.name);
    return err;
}

static enum err open_folder(struct outbox *outbox) {
    const char *path = outbox->settings.outbox_directory;
    enum err err = outbox_folder_open(&outbox->folder, path, (size_t)outbox->settings.keep_files);
    if (err == ERR_EXISTS)
        fprintf(stderr, "%s: another process writes to %s: stop it or set outbox-directory\n",
                program.name, path);
    else if (err != ERR_OK)
        fprintf(stderr, "%s: cannot use %s (%s): make the folder and give it to this user\n",
                program.name, path, strerror(errno));
    return err;
}

static enum err confine(const struct outbox *outbox) {
    const struct confine_path paths[] = {
        {outbox->settings.outbox_directory, CONFINE_READ | CONFINE_WRITE},
    };
    const struct confine_plan plan = {
        .process = program.name,
        .paths = paths,
        .path_count = sizeof paths / sizeof *paths,
        .network = CONFINE_NO_NETWORK,
        .files = true,
        .file_bytes = FILE_BYTES_MAX,
        .descriptors = DESCRIPTORS,
    };
    return confine_enter(&plan);
}

static enum err run(struct outbox *outbox) {
    ERR_TRY(configure(outbox));
    ERR_TRY(open_folder(outbox));
    ERR_TRY(secret_arena_open(ARENA_BYTES));
    ERR_TRY(serve_open(&outbox->serve, outbox->boot.pulse));
    ERR_TRY(core_link_open(&outbox->link, &outbox->boot, outbox->serve, core_verbs,
                           sizeof core_verbs / sizeof *core_verbs));
    ERR_TRY(confine(outbox));
    ERR_TRY(core_link_greet(&outbox->link));
    const struct boot_control control = core_link_control(&outbox->link);
    ERR_TRY(boot_ready(&outbox->boot, outbox->serve, &control));
    ERR_TRY(serve_run(outbox->serve));
    return outbox->link.failed ? ERR_CLOSED : ERR_OK;
}

int main(int argc, char **argv) {
    static struct outbox outbox;
    bool finished;
    enum err err = boot_receive(argc, argv, &program, &outbox.boot, &finished);
    if (err == ERR_OK && !finished)
        err = run(&outbox);
    if (outbox.serve != NULL)
        serve_close(outbox.serve);
    outbox_folder_close(outbox.folder);
    return boot_exit_code(err);
}
