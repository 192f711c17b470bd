#include "authd/notify/text_table.h"

/*
 * Rules for a wording: say what the code is for and how long it lasts, and that nobody is told it
 * on the phone; a counter clerk may rightly ask for it. Address people politely and neither as man
 * nor as woman (the plural, in Arabic, French and Amazigh). Begin with a word of the language, so
 * that a phone sets the direction of the line by it. Digits are the Western ones that Moroccans
 * use. French and English keep to the GSM 7-bit default alphabet (no ç, no ê), except the last
 * wording, which carries names in other scripts too and so has to fit 70 characters. Mail has one
 * wording and any character.
 */
static const struct text_wordings wordings[TEXT_MESSAGES][TEXT_LANGUAGES] = {
    [TEXT_OTP] =
        {
            [TEXT_ARA] = {{
                "رمزكم لدى {programme}: {otp}، صالح {validity}. لا تعطوه لأحد عبر الهاتف.",
                "رمز {programme}: {otp} ({minutes} د). لا تعطوه لأحد بالهاتف.",
            }},
            [TEXT_FRA] = {{
                "Votre code {programme} est {otp}, valable {validity}. Ne le donnez à personne "
                "par téléphone, ni à un agent.",
                "Code {programme} : {otp} ({minutes} min). Ne le donnez pas au téléphone.",
            }},
            [TEXT_ZGH] = {{
                "ⵜⴰⵏⴳⴰⵍⵜ ⵏ {programme}: {otp} ({validity}). ⴰⴷ ⵓⵔ ⵜⵜ ⵜⴰⴽⴽⴰⵎ ⵙ ⵓⵜⵉⵍⵉⴼⵓⵏ.",
                "ⵜⴰⵏⴳⴰⵍⵜ ⵏ {programme}: {otp} ({minutes} min). ⴰⴷ ⵓⵔ ⵜⵜ ⵜⴰⴽⴽⴰⵎ ⵙ ⵓⵜⵉⵍⵉⴼⵓⵏ.",
            }},
            [TEXT_ENG] = {{
                "Your {programme} code is {otp}, valid for {validity}. Do not give it to anyone "
                "by phone, not even to an agent.",
                "Your {programme} code: {otp} ({minutes} min). Never give it by phone.",
            }},
        },
    [TEXT_CONFIRMED] =
        {
            [TEXT_ARA] = {{
                "تم تأكيد هويتكم لدى {programme} يوم {date} على {time}.",
                "تأكدت هويتكم: {programme}، {date} {time}.",
            }},
            [TEXT_FRA] = {{
                "Votre identité ({identifier}) a été confirmée pour {programme} le {date} à "
                "{time}. Si ce n'était pas vous, signalez-le.",
                "Identité confirmée : {programme}, {date} {time}.",
            }},
            [TEXT_ZGH] = {{
                "ⵜⵜⵓⵙⵙⵏ ⵜⵎⴰⴳⵉⵜ ⵏⵏⵓⵏ ⴷⴰⵔ {programme} ⴰⵙⵙ ⵏ {date} ⴳ {time}.",
                "ⵜⵜⵓⵙⵙⵏ ⵜⵎⴰⴳⵉⵜ: {programme}, {date} {time}.",
            }},
            [TEXT_ENG] = {{
                "Your identity ({identifier}) was confirmed for {programme} on {date} at {time}. "
                "If it was not you, report it.",
                "Identity confirmed: {programme}, {date} {time}.",
            }},
        },
    [TEXT_FAILED] =
        {
            [TEXT_ARA] = {{
                "فشلت محاولة التعرف عليكم لدى {programme} يوم {date} على {time}.",
                "محاولة فاشلة: {programme}، {date} {time}.",
            }},
            [TEXT_FRA] = {{
                "Une tentative de vous identifier ({identifier}) auprès de {programme} le {date} à "
                "{time} a échoué. Si ce n'était pas vous, signalez-le.",
                "Identification échouée : {programme}, {date} {time}.",
            }},
            [TEXT_ZGH] = {{
                "ⵓⵔ ⵜⵜⵓⵙⵙⵏ ⵜⵎⴰⴳⵉⵜ ⵏⵏⵓⵏ ⴷⴰⵔ {programme} ⴰⵙⵙ ⵏ {date} ⴳ {time}.",
                "ⵓⵔ ⵜⵜⵓⵙⵙⵏ ⵜⵎⴰⴳⵉⵜ: {programme}, {date} {time}.",
            }},
            [TEXT_ENG] = {{
                "An attempt to identify you ({identifier}) at {programme} on {date} at {time} "
                "failed. If it was not you, report it.",
                "Identification failed: {programme}, {date} {time}.",
            }},
        },
    [TEXT_OTP_SUBJECT] =
        {
            [TEXT_ARA] = {{"رمزكم لدى {programme}"}},
            [TEXT_FRA] = {{"Votre code pour {programme}"}},
            [TEXT_ZGH] = {{"ⵜⴰⵏⴳⴰⵍⵜ ⵏ {programme}"}},
            [TEXT_ENG] = {{"Your code for {programme}"}},
        },
    [TEXT_CONFIRMED_SUBJECT] =
        {
            [TEXT_ARA] = {{"تم تأكيد هويتكم لدى {programme}"}},
            [TEXT_FRA] = {{"Votre identité a été confirmée pour {programme}"}},
            [TEXT_ZGH] = {{"ⵜⵜⵓⵙⵙⵏ ⵜⵎⴰⴳⵉⵜ ⵏⵏⵓⵏ ⴷⴰⵔ {programme}"}},
            [TEXT_ENG] = {{"Your identity was confirmed for {programme}"}},
        },
    [TEXT_FAILED_SUBJECT] =
        {
            [TEXT_ARA] = {{"فشلت محاولة التعرف عليكم لدى {programme}"}},
            [TEXT_FRA] = {{"Une tentative de vous identifier auprès de {programme} a échoué"}},
            [TEXT_ZGH] = {{"ⵓⵔ ⵜⵜⵓⵙⵙⵏ ⵜⵎⴰⴳⵉⵜ ⵏⵏⵓⵏ ⴷⴰⵔ {programme}"}},
            [TEXT_ENG] = {{"An attempt to identify you at {programme} failed"}},
        },
    [TEXT_OTP_MAIL] =
        {
            [TEXT_ARA] = {{
                "رمزكم لدى {programme} هو:\n\n{otp}\n\nهذا الرمز صالح {validity}. لا تعطوه لأحد "
                "عبر الهاتف.\n",
            }},
            [TEXT_FRA] = {{
                "Votre code pour {programme} est :\n\n{otp}\n\nIl est valable {validity}. Ne le "
                "donnez à personne par téléphone, ni à un agent.\n",
            }},
            [TEXT_ZGH] = {{
                "ⵜⴰⵏⴳⴰⵍⵜ ⵏ {programme}:\n\n{otp}\n\n({validity}). ⴰⴷ ⵓⵔ ⵜⵜ ⵜⴰⴽⴽⴰⵎ ⵙ "
                "ⵓⵜⵉⵍⵉⴼⵓⵏ.\n",
            }},
            [TEXT_ENG] = {{
                "Your code for {programme} is:\n\n{otp}\n\nIt is valid for {validity}. Do not give "
                "it to anyone by phone, not even to an agent.\n",
            }},
        },
    [TEXT_CONFIRMED_MAIL] =
        {
            [TEXT_ARA] = {{
                "تم تأكيد هويتكم ({identifier}) لدى {programme} يوم {date} على الساعة {time}.\n\n"
                "إذا لم تكونوا أنتم، فأخبروا هذا البرنامج.\n",
            }},
            [TEXT_FRA] = {{
                "Votre identité ({identifier}) a été confirmée pour {programme} le {date} à "
                "{time}.\n\nSi ce n'était pas vous, signalez-le à ce programme.\n",
            }},
            [TEXT_ZGH] =
                {
                    {
                        "ⵜⵜⵓⵙⵙⵏ ⵜⵎⴰⴳⵉⵜ ⵏⵏⵓⵏ ({identifier}) ⴷⴰⵔ {programme} ⴰⵙⵙ ⵏ {date} ⴳ "
                        "{time}.\n",
                    }},
            [TEXT_ENG] =
                {
                    {
                        "Your identity ({identifier}) was confirmed for {programme} on {date} at "
                        "{time}.\n\nIf it was not you, report it to this programme.\n",
                    }},
        },
    [TEXT_FAILED_MAIL] =
        {
            [TEXT_ARA] =
                {
                    {
                        "فشلت محاولة التعرف عليكم ({identifier}) لدى {programme} يوم {date} على "
                        "الساعة "
                        "{time}.\n\nإذا لم تكونوا أنتم، فأخبروا هذا البرنامج.\n",
                    }},
            [TEXT_FRA] =
                {
                    {
                        "Une tentative de vous identifier ({identifier}) auprès de {programme} le "
                        "{date} à "
                        "{time} a échoué.\n\nSi ce n'était pas vous, signalez-le à ce programme.\n",
                    }},
            [TEXT_ZGH] =
                {
                    {
                        "ⵓⵔ ⵜⵜⵓⵙⵙⵏ ⵜⵎⴰⴳⵉⵜ ⵏⵏⵓⵏ ({identifier}) ⴷⴰⵔ {programme} ⴰⵙⵙ ⵏ {date} ⴳ "
                        "{time}.\n",
                    }},
            [TEXT_ENG] =
                {
                    {
                        "An attempt to identify you ({identifier}) at {programme} on {date} at "
                        "{time} "
                        "failed.\n\nIf it was not you, report it to this programme.\n",
                    }},
        },
};

const struct text_wordings *text_table_find(enum text_message message,
                                            enum text_language language) {
    if ((unsigned)message >= TEXT_MESSAGES || (unsigned)language >= TEXT_LANGUAGES)
        return NULL;
    return &wordings[message][language];
}

/* The plural categories of CLDR that these four languages tell apart for whole numbers. */
enum plural { PLURAL_ONE, PLURAL_TWO, PLURAL_FEW, PLURAL_OTHER, PLURALS };

static enum plural plural_of(enum text_language language, unsigned count) {
    if (count == 1)
        return PLURAL_ONE;
    if (language != TEXT_ARA)
        return PLURAL_OTHER;
    if (count == 2)
        return PLURAL_TWO;
    return count % 100 >= 3 && count % 100 <= 10 ? PLURAL_FEW : PLURAL_OTHER;
}

/* Arabic in the accusative of duration. */
static const char *const minutes_texts[TEXT_LANGUAGES][PLURALS] = {
    [TEXT_ARA] = {"دقيقة واحدة", "دقيقتين", "# دقائق", "# دقيقة"},
    [TEXT_FRA] = {"# minute", "", "", "# minutes"},
    [TEXT_ZGH] = {"# ⵜⵓⵙⴷⵉⴷⵜ", "", "", "# ⵜⵓⵙⴷⵉⴷⵉⵏ"},
    [TEXT_ENG] = {"# minute", "", "", "# minutes"},
};

const char *text_table_minutes(enum text_language language, unsigned minutes) {
    return minutes_texts[language][plural_of(language, minutes)];
}
