"""What stands around a value: forms, tables, sentences, code, and neutral paragraphs."""

LABELS = {
    "cn.resident_id": (["身份证号", "身份证号码", "公民身份号码", "证件号码", "居民身份证"],
                       ["ID card", "ID number"], ["id_card", "idCardNo", "identity"]),
    "cn.uscc": (["统一社会信用代码", "社会信用代码", "税号", "纳税人识别号"],
                ["USCC", "Unified social credit code"], ["uscc", "creditCode", "taxNo"]),
    "cn.org_code": (["组织机构代码", "机构代码", "组织机构代码证号"],
                    ["Organization code", "Organisation code"], []),
    "cn.mobile": (["手机", "手机号", "联系电话", "电话", "联系方式", "移动电话"],
                  ["Mobile", "Phone", "Tel", "Cell"], ["mobile", "phone", "tel"]),
    "cn.landline": (["电话", "座机", "固定电话", "传真", "联系电话", "办公电话"],
                    ["Tel", "Phone", "Fax"], ["phone", "tel", "fax"]),
    "cn.bank_card": (["银行卡号", "卡号", "账号", "收款账号", "开户账号"],
                     ["Card number", "Bank card", "Account"], ["card_no", "bankCard", "account"]),
    "cn.passport": (["护照号码", "护照号", "护照"], ["Passport no", "Passport number", "Passport"],
                    ["passport"]),
    "cn.travel_permit": (["港澳居民来往内地通行证", "通行证号码", "往来港澳通行证", "回乡证号"],
                         ["Travel permit"], []),
    "cn.plate": (["车牌号", "车牌", "号牌号码", "车号", "车辆牌照"], ["Plate", "License plate"],
                 ["plate"]),
    "intl.email": (["邮箱", "电子邮箱", "邮件地址", "联系邮箱"], ["E-mail", "Mail", "Email"],
                   ["email", "mail", "contact"]),
    "intl.iban": (["国际银行账号", "IBAN账号", "收款账号"], ["IBAN", "Account (IBAN)"], ["iban"]),
    "intl.card": (["信用卡号", "卡号", "支付卡号"], ["Credit card", "Card number", "Card no"],
                  ["card_number", "cardNo"]),
}
TRADITIONAL = {
    "cn.resident_id": "身份證號碼", "cn.mobile": "手機號碼", "cn.landline": "電話",
    "cn.bank_card": "銀行卡號", "cn.passport": "護照號碼", "cn.travel_permit": "回鄉證號碼",
    "cn.plate": None, "intl.email": "電子郵件", "cn.uscc": "統一代碼", "cn.org_code": "組織機構代碼",
    "intl.iban": "IBAN", "intl.card": "信用卡號 Visa",
}
# Values that need no label to be what they are.
ALONE = {"cn.resident_id", "cn.uscc", "cn.mobile", "cn.plate", "intl.email", "intl.iban"}
NAMES = "王芳 李雷 张伟 刘洋 陈静 杨帆 赵敏 黄磊 周涛 吴倩 徐璐 孙悦".split()

LABELLED = [
    "{label}：{v}", "{label}:{v}", "{label} {v}", "{label}：{v}。", "{label}（{v}）",
    "请核对{label}{v}是否一致。", "{name}，{label}为{v}，住址见附件。", "3. {label}：{v}",
    "姓名：{name}　{label}：{v}　备注：无", "{name}（{label}：{v}）", "{label}\n{v}\n",
    "{label}：\n{v}\n", "姓名,{label},备注\n{name},{v},已核\n", "姓名\t{label}\t备注\n{name}\t{v}\t无\n",
    "| 姓名 | {label} |\n| {name} | {v} |\n", "客户{name}的{label}是{v}，请勿外传。", "{label}＝{v}",
    "【{label}】{v}", "{label}：“{v}”", "{label}/{v}", "甲方{label}：{v}；乙方另附。",
]
ENGLISH = ["{en}: {v}", "{en} {v}", "My {en} is {v}.", "{en} = {v}, please confirm.",
           "Name: Wang Fang; {en}: {v}; City: Beijing"]
CODE = ['{{"name":"{name}","{key}":"{v}"}}', "<{key}>{v}</{key}>", "{key}={v}", "{key}: '{v}'",
        "INSERT INTO t ({key}) VALUES ('{v}');", "INFO update user {key}={v} ok"]
BARE = ["{v}", "{name}{v}", "{v},{name}", "{name}\t{v}\t北京", "名单如下\n{v}\n", "{name}：{v}",
        "（{v}）", "转{name} {v} 收", "\"{v}\"", "{v}；"]

FILLER = [
    "本季度的重点工作是完善客户服务流程，各部门按分工推进。",
    "会议要求进一步加强项目进度管理，确保按期交付。",
    "请各位同事在本周五之前提交工作总结和下周计划。",
    "附件为本次活动的安排，如有疑问请与行政部联系。",
    "根据年初的部署，培训分三期进行，每期两天。",
    "项目组已完成需求调研，正在编写设计说明。",
    "感谢贵公司长期以来的支持，期待今后继续合作。",
    "仓库盘点结果与台账一致，未发现异常情况。",
    "本次采购的设备将安装在二楼机房，由信息部验收。",
    "The weekly report covers progress, open questions and next steps.",
    "Please find attached the agenda for the meeting on Monday.",
    "展会期间共接待来访者三百余人，达成意向若干。",
    "为方便员工就餐，食堂调整了供应时间。",
    "图书室新增期刊二十种，欢迎借阅。",
    "The team moved into the new office on the third floor.",
]
FILLER_TRADITIONAL = [
    "本季度的重點工作是完善客戶服務流程，各部門按分工推進。",
    "會議要求進一步加強項目進度管理，確保按期交付。",
    "請各位同事在本週五之前提交工作總結和下週計劃。",
    "感謝貴公司長期以來的支持，期待今後繼續合作。",
    "為方便員工就餐，食堂調整了供應時間。",
]


def line(rng, rule, value):
    """One line, or a few, with the value in it."""
    labels, english, keys = LABELS[rule]
    pool = [LABELLED] * 6 + [ENGLISH]
    if keys:
        pool.append(CODE)
    if rule in ALONE:
        pool.append(BARE)
    template = rng.choice(rng.choice(pool))
    return template.format(v=value, label=rng.choice(labels), en=rng.choice(english),
                           key=rng.choice(keys or ["value"]), name=rng.choice(NAMES))


def document(rng, text, filler=None):
    """`text` between neutral paragraphs."""
    filler = filler or FILLER
    before = "".join(rng.choice(filler) + "\n" for _ in range(rng.randint(0, 3)))
    after = "".join(rng.choice(filler) + "\n" for _ in range(rng.randint(1, 3)))
    return before + text + "\n" + after
