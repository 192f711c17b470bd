#include "provisioning/demo/demo_table.h"

#define LIST(array)                                                                                \
    { array, sizeof(array) / sizeof *(array) }

const char *const demo_table_codes[DEMO_LANGUAGES] = {"ara", "fra", "eng", "zgh"};

const struct demo_words demo_table_genders[DEMO_GENDERS] = {
    [DEMO_FEMALE] = {{"أنثى", "Féminin", "Female", "ⵜⴰⵡⵜⵎⵜ"}},
    [DEMO_MALE] = {{"ذكر", "Masculin", "Male", "ⴰⵡⵜⵎ"}},
};

static const struct demo_words women[] = {
    {{"فاطمة", "Fatima", "Fatima", "ⴼⴰⵟⵉⵎⴰ"}}, {{"خديجة", "Khadija", "Khadija", "ⵅⴰⴷⵉⵊⴰ"}},
    {{"عائشة", "Aïcha", "Aisha", "ⵄⴰⵢⵛⴰ"}},    {{"أمينة", "Amina", "Amina", "ⴰⵎⵉⵏⴰ"}},
    {{"زينب", "Zineb", "Zaynab", "ⵣⴰⵢⵏⴱ"}},    {{"مريم", "Meryem", "Maryam", "ⵎⴰⵔⵢⴰⵎ"}},
    {{"نادية", "Nadia", "Nadia", "ⵏⴰⴷⵢⴰ"}},    {{"سميرة", "Samira", "Samira", "ⵙⴰⵎⵉⵔⴰ"}},
    {{"حياة", "Hayat", "Hayat", "ⵃⴰⵢⴰⵜ"}},     {{"لطيفة", "Latifa", "Latifa", "ⵍⴰⵟⵉⴼⴰ"}},
    {{"سعاد", "Souad", "Suad", "ⵙⵓⵄⴰⴷ"}},      {{"إيمان", "Imane", "Iman", "ⵉⵎⴰⵏ"}},
    {{"هدى", "Houda", "Huda", "ⵀⵓⴷⴰ"}},        {{"تيليلا", "Tilila", "Tilila", "ⵜⵉⵍⵉⵍⴰ"}},
    {{"تودة", "Touda", "Tuda", "ⵜⵓⴷⴰ"}},       {{"إيطو", "Itto", "Itto", "ⵉⵟⵟⵓ"}},
    {{"شيماء", "Chaïmae", "Shayma", "ⵛⴰⵢⵎⴰ"}}, {{"رقية", "Rkia", "Ruqaya", "ⵔⵇⵉⵢⴰ"}},
    {{"نجاة", "Najat", "Najat", "ⵏⴰⵊⴰⵜ"}},     {{"ليلى", "Leïla", "Layla", "ⵍⴰⵢⵍⴰ"}},
};

static const struct demo_words men[] = {
    {{"محمد", "Mohammed", "Muhammad", "ⵎⵓⵃⵎⵎⴰⴷ"}},
    {{"أحمد", "Ahmed", "Ahmad", "ⴰⵃⵎⴰⴷ"}},
    {{"يوسف", "Youssef", "Yusuf", "ⵢⵓⵙⴼ"}},
    {{"عمر", "Omar", "Umar", "ⵄⵓⵎⴰⵔ"}},
    {{"إبراهيم", "Brahim", "Ibrahim", "ⴱⵔⴰⵀⵉⵎ"}},
    {{"حسن", "Hassan", "Hasan", "ⵃⴰⵙⴰⵏ"}},
    {{"رشيد", "Rachid", "Rashid", "ⵔⴰⵛⵉⴷ"}},
    {{"كريم", "Karim", "Karim", "ⴽⴰⵔⵉⵎ"}},
    {{"مصطفى", "Mostafa", "Mustafa", "ⵎⵓⵚⵟⴰⴼⴰ"}},
    {{"سعيد", "Saïd", "Said", "ⵙⴰⵄⵉⴷ"}},
    {{"عبد الله", "Abdellah", "Abdullah", "ⵄⴱⴷⵍⵍⴰⵀ"}},
    {{"نبيل", "Nabil", "Nabil", "ⵏⴰⴱⵉⵍ"}},
    {{"أيوب", "Ayoub", "Ayyub", "ⴰⵢⵢⵓⴱ"}},
    {{"طارق", "Tarik", "Tariq", "ⵟⴰⵔⵉⵇ"}},
    {{"إدير", "Idir", "Idir", "ⵉⴷⵉⵔ"}},
    {{"ماسين", "Massine", "Masin", "ⵎⴰⵙⵉⵏ"}},
    {{"أنير", "Anir", "Anir", "ⴰⵏⵉⵔ"}},
    {{"زكرياء", "Zakaria", "Zakariya", "ⵣⴰⴽⴰⵔⵉⵢⴰ"}},
    {{"خالد", "Khalid", "Khalid", "ⵅⴰⵍⵉⴷ"}},
    {{"ياسين", "Yassine", "Yasin", "ⵢⴰⵙⵉⵏ"}},
};

const struct demo_list demo_table_given[DEMO_GENDERS] = {
    [DEMO_FEMALE] = LIST(women), [DEMO_MALE] = LIST(men)};

static const struct demo_words families[] = {
    {{"العلوي", "El Alaoui", "Alawi", "ⵄⴰⵍⴰⵡⵉ"}},
    {{"بنعلي", "Benali", "Ben Ali", "ⴱⵏⵄⵍⵉ"}},
    {{"الإدريسي", "El Idrissi", "Idrisi", "ⵉⴷⵔⵉⵙⵉ"}},
    {{"أيت حمو", "Aït Hammou", "Ait Hammu", "ⴰⵢⵜ ⵃⵎⵎⵓ"}},
    {{"أوحساين", "Ouhssaine", "Uhsayn", "ⵓⵃⵙⴰⵢⵏ"}},
    {{"الفاسي", "El Fassi", "Fasi", "ⴼⴰⵙⵉ"}},
    {{"بنجلون", "Benjelloun", "Benjelloun", "ⴱⵏⵊⵍⵍⵓⵏ"}},
    {{"الوزاني", "Ouazzani", "Wazzani", "ⵡⴰⵣⵣⴰⵏⵉ"}},
    {{"التازي", "Tazi", "Tazi", "ⵜⴰⵣⵉ"}},
    {{"الشرقاوي", "Cherkaoui", "Sharqawi", "ⵛⵔⵇⴰⵡⵉ"}},
    {{"برادة", "Berrada", "Berrada", "ⴱⵔⵔⴰⴷⴰ"}},
    {{"الناصري", "Naciri", "Nasiri", "ⵏⴰⵚⵉⵔⵉ"}},
    {{"أمزيان", "Ameziane", "Amezyan", "ⴰⵎⵣⵢⴰⵏ"}},
    {{"بوعزة", "Bouazza", "Buazza", "ⴱⵓⵄⵣⵣⴰ"}},
    {{"الحداد", "Haddad", "Haddad", "ⵃⴰⴷⴷⴰⴷ"}},
    {{"النجار", "Najjar", "Najjar", "ⵏⴰⵊⵊⴰⵔ"}},
    {{"السوسي", "Soussi", "Susi", "ⵙⵓⵙⵉ"}},
    {{"الريفي", "Rifi", "Rifi", "ⵔⵉⴼⵉ"}},
    {{"أيت الحاج", "Aït El Haj", "Ait al-Hajj", "ⴰⵢⵜ ⵍⵃⴰⵊⵊ"}},
    {{"المرابط", "Mrabet", "Murabit", "ⵎⵔⴰⴱⴹ"}},
    {{"زروال", "Zeroual", "Zerwal", "ⵣⵔⵡⴰⵍ"}},
    {{"كنوني", "Guennouni", "Gannuni", "ⴳⵏⵏⵓⵏⵉ"}},
    {{"العمراني", "El Amrani", "Amrani", "ⵄⵎⵔⴰⵏⵉ"}},
    {{"الصقلي", "Skalli", "Siqilli", "ⵚⵇⵍⵍⵉ"}},
    {{"أوتوماست", "Outoumast", "Utumast", "ⵓⵜⵓⵎⴰⵙⵜ"}},
    {{"بلحاج", "Belhaj", "Belhajj", "ⴱⵍⵃⴰⵊⵊ"}},
    {{"الزموري", "Zemmouri", "Zammuri", "ⵣⵎⵎⵓⵔⵉ"}},
    {{"أزناك", "Aznag", "Aznag", "ⴰⵣⵏⴰⴳ"}},
};
const struct demo_list demo_table_family = LIST(families);

static const struct demo_words streets[] = {
    {{"رقم # زنقة الزيتون", "#, rue des Oliviers", "# Olive Street", "#, ⴰⵣⵏⵉⵇ ⵏ ⵓⵣⵎⵎⵓⵔ"}},
    {{"رقم # زنقة الأرز", "#, rue du Cèdre", "# Cedar Street", "#, ⴰⵣⵏⵉⵇ ⵏ ⵉⴷⵉⵍ"}},
    {{"رقم # شارع البحر", "#, avenue de la Mer", "# Sea Avenue", "#, ⴰⴱⵔⵉⴷ ⵏ ⵉⵍⵍ"}},
    {{"رقم # شارع الأطلس", "#, avenue de l'Atlas", "# Atlas Avenue", "#, ⴰⴱⵔⵉⴷ ⵏ ⵓⴰⵟⵍⴰⵙ"}},
    {{"رقم # زنقة السوق", "#, rue du Souk", "# Market Street", "#, ⴰⵣⵏⵉⵇ ⵏ ⵓⵙⵓⵇ"}},
    {{"رقم # درب النخيل", "#, derb des Palmiers", "# Palm Lane", "#, ⴷⴷⵔⴱ ⵏ ⵉⴼⵔⴰⵏ"}},
};
const struct demo_list demo_table_streets = LIST(streets);

static const struct demo_words quarters[] = {
    {{"حي السلام", "Hay Salam", "Hay Salam", "ⵃⴰⵢ ⵙⴰⵍⴰⵎ"}},
    {{"حي الأمل", "Hay Al Amal", "Hay al-Amal", "ⵃⴰⵢ ⵍⴰⵎⴰⵍ"}},
    {{"المدينة القديمة", "Médina", "Old Town", "ⵜⴰⵎⴷⵉⵏⵜ ⵜⴰⵇⴱⵓⵔⵜ"}},
    {{"حي النهضة", "Hay Nahda", "Hay Nahda", "ⵃⴰⵢ ⵏⵏⴰⵀⴹⴰ"}},
    {{"حي تيليلا", "Hay Tilila", "Hay Tilila", "ⵃⴰⵢ ⵜⵉⵍⵉⵍⴰ"}},
};
const struct demo_list demo_table_quarters = LIST(quarters);

const struct demo_words demo_table_floor = {{"الطابق #", "étage #", "floor #", "ⴰⵙⴰⵡⵏ #"}};

#define RABAT_REGION                                                                               \
    {                                                                                              \
        { "الرباط سلا القنيطرة", "Rabat-Salé-Kénitra", "Rabat-Sale-Kenitra", "ⵔⵔⴱⴰⵟ ⵙⵍⴰ ⵇⵏⵉⵟⵔⴰ" }  \
    }
#define CASABLANCA_REGION                                                                          \
    {                                                                                              \
        { "الدار البيضاء سطات", "Casablanca-Settat", "Casablanca-Settat", "ⴰⵏⴼⴰ ⵙⵟⵟⴰⵜ" }           \
    }
#define FES_REGION                                                                                 \
    {                                                                                              \
        { "فاس مكناس", "Fès-Meknès", "Fez-Meknes", "ⴼⴰⵙ ⵎⴽⵏⴰⵙ" }                                   \
    }
#define MARRAKECH_REGION                                                                           \
    {                                                                                              \
        { "مراكش آسفي", "Marrakech-Safi", "Marrakesh-Safi", "ⵎⵕⵕⴰⴽⵛ ⴰⵙⴼⵉ" }                        \
    }
#define SOUSS_REGION                                                                               \
    {                                                                                              \
        { "سوس ماسة", "Souss-Massa", "Souss-Massa", "ⵙⵓⵙ ⵎⴰⵙⵙⴰ" }                                  \
    }
#define TANGIER_REGION                                                                             \
    {                                                                                              \
        {                                                                                          \
            "طنجة تطوان الحسيمة", "Tanger-Tétouan-Al Hoceïma", "Tangier-Tetouan-Al Hoceima",       \
                "ⵟⴰⵏⵊⴰ ⵜⵉⵟⵟⴰⵡⵉⵏ ⵍⵃⵓⵙⵉⵎⴰ"                   \
        }                                                                                          \
    }
#define ORIENTAL_REGION                                                                            \
    {                                                                                              \
        { "الشرق", "L'Oriental", "Oriental", "ⵜⴰⴳⵎⵓⴹⴰⵏⵜ" }                                         \
    }
#define BENI_MELLAL_REGION                                                                         \
    {                                                                                              \
        { "بني ملال خنيفرة", "Béni Mellal-Khénifra", "Beni Mellal-Khenifra", "ⴱⵏⵉ ⵎⵍⵍⴰⵍ ⵅⵏⵉⴼⵕⴰ" }  \
    }
#define DRAA_REGION                                                                                \
    {                                                                                              \
        { "درعة تافيلالت", "Drâa-Tafilalet", "Draa-Tafilalet", "ⴷⵔⵄⴰ ⵜⴰⴼⵉⵍⴰⵍⵜ" }                   \
    }
#define GUELMIM_REGION                                                                             \
    {                                                                                              \
        { "كلميم واد نون", "Guelmim-Oued Noun", "Guelmim-Oued Noun", "ⴳⵍⵎⵉⵎ ⴰⵙⵉⴼ ⵏ ⵏⵓⵏ" }          \
    }

/* A city that its province is named after. */
#define CITY(ara, fra, eng, zgh)                                                                   \
    {{ara, fra, eng, zgh}}, {                                                                      \
        { ara, fra, eng, zgh }                                                                     \
    }

const struct demo_place demo_table_places[] = {
    {CITY("الرباط", "Rabat", "Rabat", "ⵔⵔⴱⴰⵟ"), RABAT_REGION, "10000"},
    {CITY("سلا", "Salé", "Sale", "ⵙⵍⴰ"), RABAT_REGION, "11000"},
    {CITY("الدار البيضاء", "Casablanca", "Casablanca", "ⴰⵏⴼⴰ"), CASABLANCA_REGION, "20000"},
    {CITY("فاس", "Fès", "Fez", "ⴼⴰⵙ"), FES_REGION, "30000"},
    {CITY("مكناس", "Meknès", "Meknes", "ⵎⴽⵏⴰⵙ"), FES_REGION, "50000"},
    {CITY("مراكش", "Marrakech", "Marrakesh", "ⵎⵕⵕⴰⴽⵛ"), MARRAKECH_REGION, "40000"},
    {{{"أكادير", "Agadir", "Agadir", "ⴰⴳⴰⴷⵉⵔ"}},
     {{"أكادير إداوتنان", "Agadir-Ida-Ou-Tanane", "Agadir-Ida-Ou-Tanane", "ⴰⴳⴰⴷⵉⵔ ⵉⴷⴰ ⵓⵜⴰⵏⴰⵏ"}},
     SOUSS_REGION,
     "80000"},
    {CITY("تيزنيت", "Tiznit", "Tiznit", "ⵜⵉⵣⵏⵉⵜ"), SOUSS_REGION, "85000"},
    {{{"طنجة", "Tanger", "Tangier", "ⵟⴰⵏⵊⴰ"}},
     {{"طنجة أصيلة", "Tanger-Assilah", "Tangier-Asilah", "ⵟⴰⵏⵊⴰ ⴰⵥⵉⵍⴰ"}},
     TANGIER_REGION,
     "90000"},
    {CITY("الحسيمة", "Al Hoceïma", "Al Hoceima", "ⵍⵃⵓⵙⵉⵎⴰ"), TANGIER_REGION, "32000"},
    {{{"وجدة", "Oujda", "Oujda", "ⵡⵊⴷⴰ"}},
     {{"وجدة أنجاد", "Oujda-Angad", "Oujda-Angad", "ⵡⵊⴷⴰ ⴰⵏⴳⴰⴷ"}},
     ORIENTAL_REGION,
     "60000"},
    {CITY("بني ملال", "Béni Mellal", "Beni Mellal", "ⴱⵏⵉ ⵎⵍⵍⴰⵍ"), BENI_MELLAL_REGION, "23000"},
    {CITY("الراشيدية", "Errachidia", "Errachidia", "ⵉⵎⵜⵖⵔⵏ"), DRAA_REGION, "52000"},
    {CITY("كلميم", "Guelmim", "Guelmim", "ⴳⵍⵎⵉⵎ"), GUELMIM_REGION, "81000"},
};
const size_t demo_table_place_count = sizeof demo_table_places / sizeof *demo_table_places;
