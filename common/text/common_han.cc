#include "common/text/common_han.h"

#include <array>
#include <string_view>

namespace shoumi {
namespace {

// Simplified, then the traditional forms that differ.
constexpr std::u16string_view kCommon =
    u"模型块式"
    u"的一是不了在人有我他这中大来上个国和也子时道说出而要于就下得可你年生自会那后能对着事其里所去"
    u"行过家十用发天如然作"
    u"方成者多日都三小军二无同么经法当起与好看学进种将还分此心前面又定见只主没公从知使回现力高长但"
    u"意手开电话名字身份"
    u"证号码地址客户银账卡合同招标投报价预算财务机密秘绝级限内部资料文件姓性别联系单位社统代信用组"
    u"织织编号序备注邮箱"
    u"省市区县路街室楼层镇村城北京上海广州深圳项目设计方案计划产品技术管理制度规定工员工部门经理总"
    u"监业务市场销售采购"
    u"供应商服务质量检测数据系统网络安全保护信息软件平台测试开始结束第条款章节表图附录说明要求标准"
    u"如何以为及等或者被把"
    u"月元万亿千百零四五六七八九两期间际内外东西南男女老师医院校科研究院所股份有限责任集团投资金额"
    u"支付收入支出成本利润"
    u"税率发票订货物流运输仓库存量交付验收签订甲乙双方权利义务违约责任争议解决法院仲裁生效日期签字"
    u"盖章授代表人员培训"
    u"考核工资福利招聘离职请假审批流程申请通知会议纪要记录报告总结分析问题原因措施建议意见领导同志"
    u"各级党委政府企业"
    u"全民新本品特加正关重点水平化体美制接活动形战队实据做已结果常次打相情更反变因由该关书论向被解"
    u"放身产量却切条革命"
    u"住今明昨早晚先再最很真太些样每并且但虽则即若使得给让叫问请谢您们她它哪谁什几号岁孩您好吗呢吧"
    u"啊呀了着过式样例"
    u"這來個國時說於會後對裡過發無經當與學進種將還見從現長開電話證號碼戶銀賬帳標報價預財務機絕級資"
    u"文姓別聯係單位"
    u"統組織編註備郵縣樓層鎮廣項設計劃產術規總監業務場銷採購應商質檢測數據網絡護軟臺開結節圖錄說準"
    u"為級兩間際東"
    u"師醫員責團投資額稅率發票訂貨運輸倉庫驗簽雙權義務違約爭議決裁效蓋章授訓職請審批程申會議紀記報"
    u"總結問題見領導"
    u"黨區點體實據結論產條們誰幾歲嗎麼樣並雖則給讓謝陳張劉楊黃趙吳許鄭馮鄧蕭葉呂蘇盧鍾譚陸賈韓龍萬"
    u"錢湯"
    u"目王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏"
    u"吕"
    u"丁任沈姚卢姜崔钟";

constexpr size_t kWords = (0xA000 - 0x4E00) / 64;

constexpr std::array<uint64_t, kWords> MakeSet() {
  std::array<uint64_t, kWords> set = {};
  for (const char16_t code : kCommon) {
    const size_t index = static_cast<size_t>(code) - 0x4E00;
    set[index / 64] |= uint64_t{1} << (index % 64);
  }
  return set;
}
constexpr std::array<uint64_t, kWords> kSet = MakeSet();

}  // namespace

bool IsCommonHan(uint32_t code) {
  if (code < 0x4E00 || code > 0x9FFF) return false;
  const size_t index = code - 0x4E00;
  return ((kSet[index / 64] >> (index % 64)) & 1) != 0;
}

bool IsCjkPunctuation(uint32_t code) {
  return (code >= 0x3000 && code <= 0x301F) || (code >= 0xFF01 && code <= 0xFF65) ||
         (code >= 0x2010 && code <= 0x2027) || code == 0x2605 || code == 0x2606 ||
         (code >= 0x2460 && code <= 0x2473) || code == 0xB7;
}

}  // namespace shoumi
