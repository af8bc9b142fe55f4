"""Texts of some languages and the encodings they were written in before UTF-8."""

SAMPLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "simplified Chinese": (
        (
            "人工智能是计算机科学的一个分支，它企图了解智能的实质，并生产出一种新的能以人类智能相似的方式做出反应的智能机器，"
            "该领域的研究包括机器人、语言识别、图像识别、自然语言处理和专家系统等。"
        ),
        ("gb18030", "gbk", "utf-16-le", "utf-16-be", "utf-8"),
    ),
    "traditional Chinese": (
        (
            "人工智慧是電腦科學的一個分支，它企圖了解智慧的實質，並生產出一種新的能以人類智慧相似的方式做出反應的智慧型機器，"
            "該領域的研究包括機器人、語言識別、圖像識別、自然語言處理等。"
        ),
        ("big5", "gb18030", "utf-8"),
    ),
    "Japanese": (
        (
            "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所で"
            "ニャーニャー泣いていた事だけは記憶している。吾輩はここで始めて人間というものを見た。"
        ),
        ("shift_jis", "euc_jp", "utf-16-le", "utf-8"),
    ),
    "Korean": (
        (
            "대한민국은 민주공화국이다. 대한민국의 주권은 국민에게 있고, 모든 권력은 "
            "국민으로부터 나온다. 대한민국의 국민이 되는 요건은 법률로 정한다. "
            "국가는 법률이 정하는 바에 의하여 재외국민을 보호할 의무를 진다."
        ),
        ("euc_kr", "cp949", "utf-8"),
    ),
    "Russian": (
        (
            "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью "
            "и должны поступать в отношении друг друга в духе братства."
        ),
        ("cp1251", "koi8_r", "cp866", "utf-16-be", "utf-8"),
    ),
    "Greek": (
        (
            "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα. Είναι προικισμένοι "
            "με λογική και συνείδηση, και οφείλουν να συμπεριφέρονται μεταξύ τους με πνεύμα αδελφοσύνης."
        ),
        ("cp1253", "utf-8"),
    ),
    "Arabic": (
        (
            "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق. وقد وهبوا عقلا وضميرا وعليهم أن يعامل "
            "بعضهم بعضا بروح الإخاء."
        ),
        ("cp1256", "utf-8"),
    ),
    "German": (
        (
            "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen "
            "begabt und sollen einander im Geist der Brüderlichkeit begegnen. Müßiggang für größere Übermütige."
        ),
        ("cp1252", "latin-1", "utf-8"),
    ),
    "French": (
        (
            "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de raison et de "
            "conscience et doivent agir les uns envers les autres dans un esprit de fraternité. À bientôt, déjà vu."
        ),
        ("cp1252", "utf-8"),
    ),
    "Polish": (
        (
            "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni obdarzeni rozumem "
            "i sumieniem i powinni postępować wobec innych w duchu braterstwa. Źdźbło żółtej łąki."
        ),
        ("cp1250", "utf-8"),
    ),
}
